"""ConnectWise PSA as its vendor's document describes it, answered from a world."""
