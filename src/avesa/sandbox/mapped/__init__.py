"""The world through the shapes of any vendor: what the mappings read out of a vendor's record is written into it here.

It goes by the mapping files and the contracts alone, so a service that has both is in the sandbox by itself.
"""
