"""Bytes to frames and back: joins codecs and container, and adds blocks, levels and limits to them.

The input is cut into blocks of the level's size, whatever the threads and however it arrives, so equal input gives
equal `.pz` bytes. `Compressor` and `Decompressor` are incremental and do no I/O; files are in `predzip.files`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from predzip.codecs.base import Progress
from predzip.codecs.levels import DEFAULT_LEVEL
from predzip.codecs.registry import CodecReference, choose_codec, reference_for_frame
from predzip.container import (
    BlockReady,
    EndOfInput,
    FrameEnded,
    FrameHeader,
    FrameReader,
    FrameWriter,
    NeedData,
)
from predzip.errors import UsageError
from predzip.parallel import BlockTask, OrderedWork, Workers
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.model_files import is_source

Buffer = bytes | bytearray | memoryview

DEFAULT_MEMORY_LIMIT = 2 * 1024**3
"""What one process may take to decode a block, unless told otherwise; no level of this release needs as much."""

_READ_BYTES = 1 << 18


def bytes_view(data: Buffer) -> memoryview:
    """See any contiguous buffer, a NumPy array too, as plain bytes."""
    view = memoryview(data)
    return view.cast("B") if view.nbytes else memoryview(b"")


def compress(
    data: Buffer,
    level: int = DEFAULT_LEVEL,
    *,
    method: str | None = None,
    model: str | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> bytes:
    """Compress bytes to one frame.

    Args:
        data: anything with the buffer protocol.
        level: 1 (fast) to 9 (small); see `predzip.codecs.levels`.
        method: name of another way of coding, such as "ppm"; None means the level's own.
        model: name or path of weights; None means those of the level, if it has any. Decoding needs the same. A
            foundation model may be named by where it comes from, see `resolve_model`.
        threads: processes that work on blocks at the same time; 0 takes all cores. The result is the same.
            More than one, in a script, needs the usual `if __name__ == "__main__":`.
        progress: called with the number of input bytes finished since the last call.
    """
    compressor = Compressor(level, method=method, model=model, threads=threads, progress=progress)
    return compressor.compress(data) + compressor.flush()


def decompress(
    data: Buffer,
    *,
    threads: int = 1,
    memory_limit: int | None = DEFAULT_MEMORY_LIMIT,
    progress: Progress | None = None,
) -> bytes:
    """Bring back the bytes of one frame, or of several written one after the other.

    Args:
        data: the whole of what `compress` or the command line made.
        threads: processes that work on blocks at the same time; 0 takes all cores.
        memory_limit: bytes that decoding a block may take in one process; None for no limit.
        progress: called with the number of output bytes finished since the last call.

    Raises:
        FormatError: the data is damaged, truncated or nothing that predzip wrote.
        LimitError: decoding needs more than `memory_limit`.
        ModelError: decoding needs a model that is not here.
    """
    view = bytes_view(data)
    position = 0

    def read(size: int) -> Buffer:
        nonlocal position
        piece = view[position : position + size]
        position += len(piece)
        return piece

    return b"".join(decoded_blocks(read, threads=threads, memory_limit=memory_limit, progress=progress))


def code_length(
    data: Buffer,
    *,
    model: str | None = None,
    level: int | None = None,
    method: str | None = None,
    chunk_bytes: int | None = None,
    progress: Progress | None = None,
) -> float:
    """Return how many bits the content would take, without headers and checksums.

    A model alone is asked for the probability of every byte, and nothing is coded; so are the methods with one
    predictor. A level decides bit by bit, so its bits are counted as they leave the coder.

    Args:
        data: anything with the buffer protocol.
        model: name or path of weights. Without `level` and `method`: this model alone, as a predictor.
        level: as for `compress`; the default level if neither `model` nor `method` is given.
        method: as for `compress`.
        chunk_bytes: cut the data and start anew for each piece, as the literature does with 2,048 bytes;
            None means one piece for a model, and the blocks of a frame otherwise.
        progress: called with the number of bytes finished since the last call.

    Raises:
        ModelError: there is no such model, or it does not predict bytes.
        UsageError: there is no such level or method.
    """
    content = bytes(bytes_view(data))
    model = resolve_model(model)
    if chunk_bytes is not None and chunk_bytes < 1:
        raise UsageError(f"chunks must have at least 1 byte, not {chunk_bytes}")
    if model is not None and level is None and method is None:
        from predzip.codecs.code_length import model_bits  # loads NumPy

        return model_bits(catalogue.load(model), content, chunk_bytes, progress)
    choice = choose_codec(DEFAULT_LEVEL if level is None else level, method, model)
    from predzip.codecs.code_length import block_bits

    codec = choice.codec.build()
    size = chunk_bytes or choice.block_bytes
    return sum(block_bits(codec, content[start : start + size], progress) for start in range(0, len(content), size))


def resolve_model(model: str | None, *, context: int | None = None) -> str | None:
    """Turn what names a model of somebody else's into the model of predzip that was made of it; others stay.

    Args:
        model: hf:ORGANISATION/NAME@REVISION, a GGUF file, or a folder as transformers writes it: converted when it is
            named first, which takes a minute, and kept in the user's folder of models. Else a name or a path.
        context: positions that the model looks at, where it is converted; None: 2048 at most.

    Raises:
        ModelError: the model is not there, cannot be fetched, or is of a kind that nothing here runs.
        MissingExtraError: a package for reading it is not installed.
    """
    if model is None or not is_source(model):
        return model
    from predzip.conversion.adopt import adopt

    return str(adopt(model, context=context))


def decoded_blocks(
    read: Callable[[int], Buffer],
    *,
    threads: int = 1,
    memory_limit: int | None = DEFAULT_MEMORY_LIMIT,
    progress: Progress | None = None,
    workers: Workers | None = None,
) -> Generator[bytes, None, None]:
    """Decode all frames of an input, block by block, each verified before it is given out.

    Args:
        read: called with a size, returns up to so many bytes of the input, none at its end.
        threads: as for `decompress`.
        memory_limit: as for `decompress`.
        progress: as for `decompress`.
        workers: of somebody else, in place of `threads` processes.
    """
    reader = FrameReader()
    work: OrderedWork[BlockReady] = OrderedWork(threads, progress, workers)
    try:
        while not isinstance(event := reader.next_event(), EndOfInput):
            if isinstance(event, NeedData):
                data = read(max(_READ_BYTES, min(event.missing_bytes, 4 * _READ_BYTES)))
                if len(data):
                    reader.feed(data)
                else:
                    reader.close()
            elif isinstance(event, BlockReady):
                for block, original in work.put(event, decoding_task(event, memory_limit)):
                    block.verify(original)
                    yield original
        for block, original in work.finish():
            block.verify(original)
            yield original
    except BaseException:
        work.close(kill=True)
        raise
    work.close()


def decoding_task(block: BlockReady, memory_limit: int | None) -> BlockTask | bytes:
    """Say what must be done to a block: nothing where it is stored, else what its frame's header tells."""
    if block.stored:
        return block.payload
    header = block.header
    reference = reference_for_frame(header.method_id, header.parameters, header.fingerprint)
    return BlockTask(reference, "decode", block.payload, block.original_length, memory_limit)


class Compressor:
    """Compresses a stream piece by piece to one frame, as `lzma.LZMACompressor` does.

    Args:
        level: as for `compress`.
        method: as for `compress`.
        model: as for `compress`.
        threads: as for `compress`.
        progress: as for `compress`.
        workers: of somebody else, in place of `threads` processes.
    """

    def __init__(
        self,
        level: int = DEFAULT_LEVEL,
        *,
        method: str | None = None,
        model: str | None = None,
        threads: int = 1,
        progress: Progress | None = None,
        workers: Workers | None = None,
    ) -> None:
        choice = choose_codec(level, method, resolve_model(model))
        self._reference: CodecReference = choice.codec
        self._block_bytes = choice.block_bytes
        # The length is left out even where a file tells it: a pipe must give the same bytes.
        self._writer = FrameWriter(
            FrameHeader(choice.codec.method_id, choice.codec.parameters, choice.codec.fingerprint)
        )
        self._work: OrderedWork[bytes] = OrderedWork(threads, progress, workers)
        self._buffer = bytearray()
        self._flushed = False

    def compress(self, data: Buffer) -> bytes:
        """Take in more input; return what is ready of the output, often nothing."""
        self._refuse_after_flush()
        view = bytes_view(data)
        out = []
        while len(view):
            if len(self._buffer) == self._block_bytes:  # full, and more follows: not the only block
                out.append(self._encode_buffer())
                out.append(self._writer.flush())
            room = self._block_bytes - len(self._buffer)
            self._buffer += view[:room]
            view = view[room:]
        return b"".join(out)

    def flush(self) -> bytes:
        """End the frame and return the rest of it. The compressor cannot be used afterwards."""
        self._refuse_after_flush()
        out = [self._encode_buffer()] if self._buffer else []
        self._flushed = True
        try:
            for original, payload in self._work.finish():
                out.append(self._writer.block(original, payload))
        except BaseException:
            self.close()
            raise
        out.append(self._writer.finish())
        self._work.close()
        return b"".join(out)

    def close(self) -> None:
        """Give up: drop the rest and end worker processes at once. Needed only where `flush` is not called."""
        self._flushed = True
        self._buffer = bytearray()
        self._work.close(kill=True)

    def _encode_buffer(self) -> bytes:
        original, self._buffer = bytes(self._buffer), bytearray()
        task = BlockTask(self._reference, "encode", original, len(original))
        try:
            return b"".join(self._writer.block(*done) for done in self._work.put(original, task))
        except BaseException:
            self.close()
            raise

    def _refuse_after_flush(self) -> None:
        if self._flushed:
            raise UsageError("the compressor was flushed or closed")


class Decompressor:
    """Decompresses one frame piece by piece, as `lzma.LZMADecompressor` does.

    Args:
        memory_limit: as for `decompress`.
    """

    def __init__(self, *, memory_limit: int | None = DEFAULT_MEMORY_LIMIT) -> None:
        self._memory_limit = memory_limit
        self._reader = FrameReader()
        self._work: OrderedWork[BlockReady] = OrderedWork(1)
        self._input = bytearray()  # fed to us, not yet to the reader
        self._output = memoryview(b"")  # decoded, not yet asked for
        self._missing = 1  # 0: something is left to say without more input
        self._error: Exception | None = None
        self._ended = False
        self.unused_data = b""
        """What was fed after the end of the frame."""

    @property
    def eof(self) -> bool:
        """Whether the end of the frame was reached and all of its content was returned."""
        return self._ended and not len(self._output)

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out before more is fed."""
        return not (self._ended or len(self._output) or len(self._input) >= self._missing)

    def decompress(self, data: Buffer, max_length: int = -1) -> bytes:
        """Take in more of the frame; return what is ready of its content.

        Args:
            data: the next piece, of any size; may be empty.
            max_length: most bytes to return now, -1 for all; the rest comes with later calls.

        Raises:
            EOFError: the frame has ended already; see `unused_data`.
        """
        if self._error:
            raise self._error
        if self.eof:
            raise EOFError("the frame has ended")
        self._input += data
        out: list[bytes] = []
        left = max_length
        while True:
            taken = self._output if left < 0 else self._output[:left]
            out.append(bytes(taken))
            self._output = self._output[len(taken) :]
            if left >= 0:
                left -= len(taken)
            if left == 0 or self._ended or not self._advance():
                break
        if self.eof:
            self.unused_data = bytes(self._input)
            self._input.clear()
        return b"".join(out)

    def _advance(self) -> bool:
        """Decode the next block; False where the frame ended or more input is needed."""
        try:
            return self._advance_or_raise()
        except Exception as error:
            self._error = error  # for ever: going on would leave a hole in the content
            raise

    def _advance_or_raise(self) -> bool:
        while True:
            event = self._reader.next_event()
            if isinstance(event, NeedData):
                # Never more than the reader asks for, so that it never sees what follows the frame.
                self._missing = event.missing_bytes
                if len(self._input) < self._missing:
                    return False
                self._reader.feed(self._input[: self._missing])
                del self._input[: self._missing]
            elif isinstance(event, BlockReady):
                task = decoding_task(event, self._memory_limit)
                for block, original in self._work.put(event, task):
                    block.verify(original)
                    self._output = memoryview(original)
                self._missing = 0
                return True
            elif isinstance(event, FrameEnded):
                self._ended = True
                return False
