"""`predzip bench`: levels and other codecs on files of your own; every result is decoded again and compared."""
