package org.kiobd.store.file;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.ChainCursor;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.testkit.TestLoops;

/**
 * What a second process does in {@link FileMemberStoreProviderTest}: holds a member, or meets a full, a read-only or a forbidden place
 * of its own. Prints one line for each thing it saw; the test compares them.
 */
final class FileFaults {
    private static final int MIB = 1 << 20;
    private static final FileMemberStoreProvider PROVIDER = new FileMemberStoreProvider();

    private FileFaults() {}

    public static void main(String[] arguments) throws Exception {
        Path path = Path.of(arguments[1]);
        switch (arguments[0]) {
            case "hold" -> hold(path);
            case "open" -> System.out.println(opening(path, false));
            case "limit" -> limit(path);
            case "full" -> full(path);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void hold(Path path) throws Exception {
        try (MemberStore held = PROVIDER.open(MemberUri.file(path), false)) {
            System.out.println("held " + held.sizeBytes());
            // Until the test hasRoom go of this process.
            System.out.println("let go: " + System.in.read());
        }
    }

    private static String opening(Path path, boolean readOnly) throws BlockIoException {
        try (MemberStore store = PROVIDER.open(MemberUri.file(path), readOnly)) {
            return "opened " + store.sizeBytes();
        } catch (BlockIoException e) {
            return e.error() + ": " + e.getMessage();
        }
    }

    private static String creating(Path path, long sizeBytes) throws Exception {
        String ended;
        try (MemberStore store = PROVIDER.create(MemberUri.file(path), sizeBytes)) {
            ended = "created " + store.sizeBytes();
        } catch (BlockIoException e) {
            ended = e.error() + ": " + e.getMessage();
        }
        return ended + (Files.exists(path) ? " (there)" : " (nothing there)");
    }

    /** In a process that may make files of 4 MiB at most. */
    private static void limit(Path folder) throws Exception {
        System.out.println(creating(folder.resolve("large"), 8 * MIB));
        Path small = folder.resolve("small");
        System.out.println(creating(small, 2 * MIB));
        eachEngine(small, (engine, device) -> {
            System.out.println(engine + " " + device.write(2 * MIB, 4 * MIB));
            System.out.println(engine + " " + device.write(4 * MIB, MIB));
            System.out.println(engine + " same bytes: " + device.holds(2 * MIB, MIB));
        });
    }

    /** As the owner of a mount namespace, with a file system of 4 MiB. */
    private static void full(Path folder) throws Exception {
        mount("-t", "tmpfs", "-o", "size=4m", "none", folder.toString());
        Path member = folder.resolve("member");
        System.out.println(creating(member, 64L * MIB));
        eachEngine(member, (engine, device) -> {
            String written = device.write(0, 8 * MIB);
            System.out.println(engine + " " + written.replaceAll("done=[1-9][0-9]*", "done=some"));
            System.out.println(engine + " same bytes: " + device.holds(0, MIB));
            System.out.println(engine + " trim " + device.range(Op.TRIM, 0, 64 * MIB, 0));
            System.out.println(engine + " " + device.write(0, MIB));
            System.out.println(engine + " zero " + device.range(Op.WRITE_ZEROES, 1, MIB - 2, Kiobuf.NO_HOLE));
            System.out.println(engine + " fast zero "
                    + device.range(Op.WRITE_ZEROES, 1, MIB - 2, Kiobuf.NO_HOLE | Kiobuf.FAST_ZERO));
            System.out.println(engine + " ends kept: " + device.keptEnds(MIB));
            System.out.println(engine + " trim " + device.range(Op.TRIM, 0, 64 * MIB, 0));
        });
        mount("-o", "remount,ro", folder.toString());
        System.out.println(opening(member, false));
        System.out.println(opening(member, true));
        System.out.println(creating(folder.resolve("other"), MIB));
    }

    private static void mount(String... arguments) throws Exception {
        String[] command =
                Stream.concat(Stream.of("mount"), Stream.of(arguments)).toArray(String[]::new);
        int exit = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (exit != 0) {
            throw new IllegalStateException("mount ended with " + exit);
        }
    }

    @FunctionalInterface
    private interface Work {
        void on(IoEngine engine, Device device) throws Exception;
    }

    private static void eachEngine(Path path, Work work) throws Exception {
        for (IoEngine engine : List.of(IoEngine.IO_URING, IoEngine.NIO)) {
            try (IoLoops loops = new IoLoops(engine, 1);
                    MemberStore store = PROVIDER.open(MemberUri.file(path), false)) {
                IoLoop loop = loops.all().get(0);
                MemberPort port = TestLoops.call(loop, () -> store.port(loop));
                work.on(engine, new Device(loop, port));
                TestLoops.call(loop, () -> {
                    port.close();
                    return true;
                });
            }
        }
    }

    /** A port, with blocking calls that answer in words. */
    private record Device(IoLoop loop, MemberPort port) {
        private static final int SEED = 42;

        private static byte[] pattern(int lengthBytes) {
            byte[] bytes = new byte[lengthBytes];
            new Random(SEED).nextBytes(bytes);
            return bytes;
        }

        private String run(Kiobuf request) {
            CompletableFuture<String> ended = new CompletableFuture<>();
            loop.execute(() -> {
                MemberOp op = new MemberOp(request.op(), request.flags(), 0, request.offsetBytes(), done -> {
                    @Nullable IoError error = done.error();
                    ended.complete("done=" + done.doneBytes() + " error=" + error);
                    request.endSlice();
                });
                if (request.op().carriesData()) {
                    ChainCursor cursor = new ChainCursor(KiobufChain.of(request));
                    while (cursor.hasNext()) {
                        op.add(cursor.next(Long.MAX_VALUE));
                    }
                } else {
                    op.add(request, 0, request.lengthBytes());
                }
                port.submit(op);
                port.unplug();
                request.submitted();
            });
            return TestLoops.await(ended);
        }

        String write(long offsetBytes, int lengthBytes) {
            ByteBuf memory = PooledByteBufAllocator.DEFAULT.directBuffer(lengthBytes);
            memory.writeBytes(pattern(lengthBytes));
            return run(new Kiobuf(loop, Op.WRITE, offsetBytes, lengthBytes).add(Fragment.of(memory, 0, lengthBytes)));
        }

        String range(Op op, long offsetBytes, long lengthBytes, int flags) {
            return run(new Kiobuf(loop, op, offsetBytes, lengthBytes).flags(flags));
        }

        private byte[] read(long offsetBytes, int lengthBytes) {
            ByteBuf memory = PooledByteBufAllocator.DEFAULT.directBuffer(lengthBytes);
            String ended = run(new Kiobuf(loop, Op.READ, offsetBytes, lengthBytes)
                    .add(Fragment.of(memory.retain(), 0, lengthBytes)));
            byte[] bytes = new byte[lengthBytes];
            memory.getBytes(0, bytes).release();
            if (!ended.endsWith("error=null")) {
                throw new IllegalStateException("cannot read: " + ended);
            }
            return bytes;
        }

        boolean holds(long offsetBytes, int lengthBytes) {
            return java.util.Arrays.equals(read(offsetBytes, lengthBytes), pattern(lengthBytes));
        }

        /** Whether the first {@code lengthBytes} are zeros but for the first and the last byte. */
        boolean keptEnds(int lengthBytes) {
            byte[] expected = new byte[lengthBytes];
            byte[] written = pattern(lengthBytes);
            expected[0] = written[0];
            expected[lengthBytes - 1] = written[lengthBytes - 1];
            return java.util.Arrays.equals(read(0, lengthBytes), expected);
        }
    }
}
