package org.kiobd.it.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.LongAdder;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteOptions;

/**
 * What RocksDB itself does with durable writes of 4 KiB from many threads, for comparison: {@code RawRocksSync FOLDER THREADS SECONDS}
 * prints writes a second. No NBD, no stripes: each write is its own, with sync.
 */
public final class RawRocksSync {
    private static final int BLOCK_BYTES = 4096;
    private static final int BLOCKS = 1 << 18;
    private static final long NANOS_PER_S = 1_000_000_000L;
    private static final long BUFFER_BYTES = 16L << 20;

    private RawRocksSync() {}

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        int threads = Integer.parseInt(args[1]);
        long untilNanos = System.nanoTime() + Long.parseLong(args[2]) * NANOS_PER_S;
        Files.createDirectories(folder);
        LongAdder writes = new LongAdder();
        try (Options options = new Options()
                        .setCreateIfMissing(true)
                        .setAllowFAllocate(false)
                        .setEnableBlobFiles(true)
                        .setMinBlobSize(BLOCK_BYTES)
                        .setWriteBufferSize(BUFFER_BYTES);
                WriteOptions synced = new WriteOptions().setSync(true);
                RocksDB db = RocksDB.open(options, folder.toString())) {
            long startNanos = System.nanoTime();
            List<Thread> writers = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                SplittableRandom random = new SplittableRandom(i);
                Thread writer = new Thread(() -> write(db, synced, random, untilNanos, writes), "writer-" + i);
                writers.add(writer);
                writer.start();
            }
            for (Thread writer : writers) {
                writer.join();
            }
            double seconds = (System.nanoTime() - startNanos) / (double) NANOS_PER_S;
            System.out.println(String.format(Locale.ROOT, "threads=%d writes/s=%.0f", threads, writes.sum() / seconds));
        }
    }

    private static void write(
            RocksDB db, WriteOptions synced, SplittableRandom random, long untilNanos, LongAdder writes) {
        byte[] key = new byte[Long.BYTES];
        byte[] block = new byte[BLOCK_BYTES];
        random.nextBytes(block);
        while (System.nanoTime() < untilNanos) {
            int number = random.nextInt(BLOCKS);
            for (int i = 0; i < Integer.BYTES; i++) {
                key[Long.BYTES - 1 - i] = (byte) (number >>> (Byte.SIZE * i));
            }
            try {
                db.put(synced, key, block);
            } catch (RocksDBException e) {
                throw new IllegalStateException(e);
            }
            writes.increment();
        }
    }
}
