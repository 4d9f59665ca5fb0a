"""predzip: lossless compression by prediction.

    >>> import predzip
    >>> predzip.decompress(predzip.compress(b"to be or not to be")) == b"to be or not to be"
    True

The names below are the public interface; everything else may change. Importing loads no codec.
"""

from predzip.api import Compressor as Compressor
from predzip.api import Decompressor as Decompressor
from predzip.api import code_length as code_length
from predzip.api import compress as compress
from predzip.api import decompress as decompress
from predzip.codecs.levels import DEFAULT_LEVEL as DEFAULT_LEVEL
from predzip.errors import CorruptError as CorruptError
from predzip.errors import FormatError as FormatError
from predzip.errors import LimitError as LimitError
from predzip.errors import MissingExtraError as MissingExtraError
from predzip.errors import ModelError as ModelError
from predzip.errors import PredzipError as PredzipError
from predzip.errors import TruncatedError as TruncatedError
from predzip.errors import UnsupportedError as UnsupportedError
from predzip.errors import UsageError as UsageError
from predzip.files import PredzipFile as PredzipFile
from predzip.files import open as open
from predzip.inspection import FileSummary as FileSummary
from predzip.inspection import FrameSummary as FrameSummary
from predzip.inspection import inspect as inspect

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_LEVEL",
    "Compressor",
    "CorruptError",
    "Decompressor",
    "FileSummary",
    "FormatError",
    "FrameSummary",
    "LimitError",
    "MissingExtraError",
    "ModelError",
    "PredzipError",
    "PredzipFile",
    "TruncatedError",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "code_length",
    "compress",
    "decompress",
    "inspect",
    "open",
]
