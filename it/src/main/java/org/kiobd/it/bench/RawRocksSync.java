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
 * Measures durable writes of 4 KiB from many threads to RocksDB without NBD, for comparison: {@code RawRocksSync FOLDER THREADS SECONDS
 * [DATABASES]} prints the writes per second. Each write is a separate call with sync, to a random one of the databases.
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
        int databases = args.length > 3 ? Integer.parseInt(args[3]) : 1;
        Files.createDirectories(folder);
        LongAdder writes = new LongAdder();
        List<RocksDB> dbs = new ArrayList<>();
        try (Options options = new Options()
                        .setCreateIfMissing(true)
                        .setAllowFAllocate(false)
                        .setEnableBlobFiles(true)
                        .setMinBlobSize(BLOCK_BYTES)
                        .setWriteBufferSize(BUFFER_BYTES);
                WriteOptions synced = new WriteOptions().setSync(true)) {
            for (int i = 0; i < databases; i++) {
                dbs.add(RocksDB.open(options, folder.resolve("db" + i).toString()));
            }
            long startNanos = System.nanoTime();
            List<Thread> writers = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                SplittableRandom random = new SplittableRandom(i);
                Thread writer = new Thread(() -> write(dbs, synced, random, untilNanos, writes), "writer-" + i);
                writers.add(writer);
                writer.start();
            }
            for (Thread writer : writers) {
                writer.join();
            }
            double seconds = (System.nanoTime() - startNanos) / (double) NANOS_PER_S;
            System.out.println(String.format(
                    Locale.ROOT, "threads=%d databases=%d writes/s=%.0f", threads, databases, writes.sum() / seconds));
            dbs.forEach(RocksDB::close);
        }
    }

    private static void write(
            List<RocksDB> dbs, WriteOptions synced, SplittableRandom random, long untilNanos, LongAdder writes) {
        byte[] key = new byte[Long.BYTES];
        byte[] block = new byte[BLOCK_BYTES];
        random.nextBytes(block);
        while (System.nanoTime() < untilNanos) {
            int number = random.nextInt(BLOCKS);
            for (int i = 0; i < Integer.BYTES; i++) {
                key[Long.BYTES - 1 - i] = (byte) (number >>> (Byte.SIZE * i));
            }
            try {
                dbs.get(random.nextInt(dbs.size())).put(synced, key, block);
            } catch (RocksDBException e) {
                throw new IllegalStateException(e);
            }
            writes.increment();
        }
    }
}
