"""How many digits behind the point the amounts of a currency have: its smallest unit is what some vendors count in."""

from __future__ import annotations

_WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
_TEN_THOUSANDTHS = "CLF UYW"

MINOR_DIGITS = {
    code: digits
    for digits, codes in {0: _WHOLE, 3: _THOUSANDTHS, 4: _TEN_THOUSANDTHS}.items()
    for code in codes.split()
}
"""ISO 4217, list one: the currencies whose minor unit is not a hundredth."""

USUAL_DIGITS = 2
