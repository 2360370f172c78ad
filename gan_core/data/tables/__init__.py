"""Tables of numbers as people's programs write them: encoding, separator, header, number format.

`read_table` reads a file, `column_numbers` the numbers of a column; both say what they understood.
"""
