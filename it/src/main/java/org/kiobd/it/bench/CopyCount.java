package org.kiobd.it.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.loop.NettyIoLoop;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.queue.RequestQueue;

/**
 * B5, "zero-copy": counts how often our code between the request and the store copies a payload byte; the memory itself counts. The path
 * from the socket to the request is not included, nor are the copies inside RocksDB.
 */
final class CopyCount implements AutoCloseable {
    private static final int ORIGINALS = 64;
    private static final int ORIGINAL_BYTES = 4096;
    private static final int TOTAL_BYTES = ORIGINALS * ORIGINAL_BYTES;
    private static final int CHUNK_BYTES = 64 << 10;
    private static final int MEMBERS = 4;
    private static final long SIZE_BYTES = 4L << 20;
    private static final int TIMEOUT_S = 30;

    /** Half a sector: a start that no request of a file system has, but any NBD client may send. */
    private static final int UNALIGNED_BYTES = 256;

    private final IoLoops loops = new IoLoops(IoEngine.best(), 1);
    private final NettyIoLoop loop = loops.next();
    private final Path folder;
    private final BenchArray array;
    private final CompletableFuture<RequestQueue> queue = new CompletableFuture<>();

    /**
     * One path of a payload through the program.
     *
     * @param scheme the URI scheme of the members
     * @param direct whether the memory of the requests is outside the heap
     * @param startBytes offset of the first request on the device
     */
    record Way(String name, String scheme, boolean direct, int startBytes) {}

    /** Bytes copied per payload byte; NaN if the store refused the memory. */
    record Copies(Way way, double write, double read) {}

    static final List<Way> WAYS = List.of(
            new Way("file", "file", true, 0),
            new Way("file, not aligned", "file", true, UNALIGNED_BYTES),
            new Way("file, heap memory", "file", false, 0),
            new Way("RocksDB, whole blocks", "rocksdb", true, 0),
            new Way("RocksDB, not aligned", "rocksdb", true, UNALIGNED_BYTES),
            new Way("RocksDB, heap memory", "rocksdb", false, 0));

    private CopyCount(String scheme) throws IOException {
        folder = Files.createTempDirectory("kiobd-copies");
        List<MemberUri> members = new ArrayList<>();
        for (int i = 0; i < MEMBERS; i++) {
            members.add(new MemberUri(scheme, folder.resolve("member" + i).toString()));
        }
        array = new BenchArray(SIZE_BYTES, CHUNK_BYTES, members);
        loop.execute(() -> queue.complete(new RequestQueue(array.device(), loop, MergeLimits.DEFAULT)));
    }

    static List<Copies> run(List<Way> ways) throws IOException {
        List<Copies> all = new ArrayList<>();
        for (Way way : ways) {
            try (CopyCount count = new CopyCount(way.scheme)) {
                all.add(count.count(way));
            }
        }
        return all;
    }

    private Copies count(Way way) throws IOException {
        CountingMemory writing = new CountingMemory();
        IntFunction<ByteBuf> source = way.direct ? writing::direct : writing::heap;
        List<byte[]> contents = new ArrayList<>();
        List<ByteBuf> memory = new ArrayList<>();
        for (int i = 0; i < ORIGINALS; i++) {
            byte[] content = new byte[ORIGINAL_BYTES];
            java.util.Arrays.fill(content, (byte) (i + 1));
            contents.add(content);
            memory.add(source.apply(ORIGINAL_BYTES).setBytes(0, content));
        }
        long before = writing.copiedBytes();
        IoError error = transfer(Op.WRITE, way, memory);
        if (error != null) {
            memory.forEach(ByteBuf::release);
            return new Copies(way, Double.NaN, Double.NaN);
        }
        double written = (double) (writing.copiedBytes() - before) / TOTAL_BYTES;
        memory.forEach(ByteBuf::release);
        return new Copies(way, written, read(way, contents));
    }

    private double read(Way way, List<byte[]> contents) throws IOException {
        CountingMemory reading = new CountingMemory();
        List<ByteBuf> memory = new ArrayList<>();
        for (int i = 0; i < ORIGINALS; i++) {
            memory.add(way.direct ? reading.direct(ORIGINAL_BYTES) : reading.heap(ORIGINAL_BYTES));
        }
        IoError error = transfer(Op.READ, way, memory);
        double copies = (double) reading.copiedBytes() / TOTAL_BYTES;
        for (int i = 0; i < ORIGINALS; i++) {
            byte[] found = ByteBufUtil.getBytes(memory.get(i), 0, ORIGINAL_BYTES);
            if (error != null || !java.util.Arrays.equals(found, contents.get(i))) {
                throw new IOException(way + " does not read what was written: error=" + error + " original=" + i);
            }
        }
        memory.forEach(ByteBuf::release);
        return copies;
    }

    /** Transfers one batch of adjacent requests; returns the first error, or null. */
    private @Nullable IoError transfer(Op op, Way way, List<ByteBuf> memory) {
        List<@Nullable IoError> errors = new ArrayList<>();
        CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
        loop.execute(() -> {
            for (int i = 0; i < ORIGINALS; i++) {
                Kiobuf original = new Kiobuf(loop, op, way.startBytes + (long) i * ORIGINAL_BYTES, ORIGINAL_BYTES);
                original.add(Fragment.of(memory.get(i).retain(), 0, ORIGINAL_BYTES));
                original.addNotifier((completion, error) -> {
                    errors.add(error);
                    if (errors.size() == ORIGINALS) {
                        ended.complete(null);
                    }
                });
                queue.join().accept(original);
            }
        });
        ended.orTimeout(TIMEOUT_S, TimeUnit.SECONDS).join();
        for (IoError error : errors) {
            if (error != null) {
                return error;
            }
        }
        return null;
    }

    @Override
    public void close() throws IOException {
        array.close();
        loops.close();
        try (Stream<Path> left = Files.walk(folder)) {
            for (Path path : left.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
