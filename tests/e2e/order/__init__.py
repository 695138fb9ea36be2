"""Order independence through PostgreSQL: random workbooks, imported in any order and any pieces, against a model.

The model is written from the rules alone, a second time beside tests/property: a mistake of the product's does not hide
itself. A cell is a tuple, so that a failing case prints as what can be pasted back:

    None                    nothing
    ("blank",)              a style and no value
    ("s", text)             text
    ("n", number, format)   a number
    ("m", millis, format)   a moment: a serial of so many milliseconds
    ("i", text)             an ISO 8601 date cell
    ("b", boolean)          a boolean
    ("e", literal)          an error
    ("f", cell)             a formula with this cached value
    ("u",)                  a formula whose result was never computed
"""
