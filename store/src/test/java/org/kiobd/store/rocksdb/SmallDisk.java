package org.kiobd.store.rocksdb;

import static org.kiobd.store.StoreSubject.closePort;
import static org.kiobd.store.StoreSubject.pattern;
import static org.kiobd.store.StoreSubject.readInto;
import static org.kiobd.store.StoreSubject.run;
import static org.kiobd.store.StoreSubject.writeOf;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.store.StoreSubject.Ended;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.testkit.TestLoops;

/** A member on a disk that runs full, written piece by piece. */
record SmallDisk(IoLoop on, MemberStore store, MemberPort port) {
    private static final int PIECE_BYTES = 256 << 10;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    static SmallDisk of(IoLoop on, MemberStore store) {
        return new SmallDisk(on, store, TestLoops.call(on, () -> store.port(on)));
    }

    @Nullable
    IoError write(int piece) {
        return run(on, port, writeOf(on, (long) piece * PIECE_BYTES, pattern(PIECE_BYTES, piece)))
                .error();
    }

    /** As a client does that was told there is no space: again and again. */
    @Nullable
    IoError writeWhenItCan(int piece) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        IoError error = write(piece);
        while (error == IoError.NO_SPACE && System.nanoTime() < deadline) {
            LockSupport.parkNanos(PAUSE_NANOS);
            error = write(piece);
        }
        return error;
    }

    @Nullable
    IoError flush() {
        return run(on, port, new Kiobuf(on, Op.FLUSH, 0, 0)).error();
    }

    /** One after the other, as a file system does. */
    @Nullable
    IoError trim(int from, int to) {
        for (int piece = from; piece < to; piece++) {
            IoError error = run(on, port, new Kiobuf(on, Op.TRIM, (long) piece * PIECE_BYTES, PIECE_BYTES))
                    .error();
            if (error != null) {
                return error;
            }
        }
        return null;
    }

    boolean holds(int pieces) {
        byte[] read = new byte[PIECE_BYTES];
        for (int piece = 0; piece < pieces; piece++) {
            Ended ended = readInto(on, port, (long) piece * PIECE_BYTES, read);
            if (ended.error() != null || !Arrays.equals(read, pattern(PIECE_BYTES, piece))) {
                return false;
            }
        }
        return true;
    }

    void close() throws Exception {
        closePort(on, port);
        store.close();
    }

    /** Mounts one of 192 MiB on {@code disk}; in a mount namespace of this process. */
    static void mount(Path disk) throws Exception {
        mount(disk, "size=192m");
    }

    /** Mounts one with {@code options} of tmpfs(5). */
    static void mount(Path disk, String options) throws Exception {
        int exit = new ProcessBuilder("mount", "-t", "tmpfs", "-o", options, "none", disk.toString())
                .inheritIO()
                .start()
                .waitFor();
        if (exit != 0) {
            throw new IllegalStateException("mount ended with " + exit);
        }
    }
}
