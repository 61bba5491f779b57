package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.store.StoreSubject.closePort;
import static org.kiobd.store.StoreSubject.pattern;
import static org.kiobd.store.StoreSubject.readInto;
import static org.kiobd.store.StoreSubject.run;
import static org.kiobd.store.StoreSubject.writeOf;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.store.StoreSubject.Ended;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.testkit.ChildJvm;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestLoops;

/** A database on a disk that runs full. */
@Timeout(300)
class RocksFullDiskTest {
    private static final int NEARLY_FULL_BYTES = 1 << 20;

    private static final long LARGE_BYTES = 1L << 30;

    /** What a full disk has left beside a member that was just made. */
    private static final int ROOM_BYTES = 16 << 20;

    private static final RocksMemberStoreProvider PROVIDER = new RocksMemberStoreProvider();

    @TempDir
    private Path folder;

    /** It is the files that are written in the background that find no room, or the log. */
    @ParameterizedTest
    @ValueSource(strings = {"files", "log"})
    void aFullDiskIsNoSpaceUntilThereIsSomeAgain(String which) throws Exception {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        try (ChildJvm owner = new ChildJvm(
                List.of("unshare", "--user", "--map-root-user", "--mount"), FullDisk.class, which, disk.toString())) {
            List<String> lines = owner.rest().lines().toList();
            assertThat(owner.exitCode()).as("%s", lines).isZero();
            assertThat(lines.stream().filter(line -> !line.contains("ERROR")))
                    .containsExactly(
                            "some: true",
                            "full: NO_SPACE",
                            "acknowledged is read: true",
                            "still full: NO_SPACE",
                            "flushed while full: NO_SPACE",
                            "reopening a copy of the full one: true",
                            "space again: null",
                            "flushed: null",
                            "acknowledged is read: true",
                            "after reopening: true");
        }
    }

    /** Killed while its disk is full: it opens, more than once, loses nothing, takes TRIM, and then writes again. */
    @ParameterizedTest
    @ValueSource(strings = {"", "?profile=compact", "?profile=compact&compression=lz4"})
    void aCrashOnAFullDiskLeavesAMemberThatCanBeTrimmed(String options) throws Exception {
        crashAndTrim(options, 1, 0, true);
    }

    /**
     * The version before kept no reserve. With little space, less than the log takes, the log is read into memory: the member is read and
     * trimmed, and written again when somebody has freed space.
     */
    @ParameterizedTest
    @ValueSource(strings = {"", "?profile=compact"})
    void aMemberWithoutReserveCanBeTrimmed(String options) throws Exception {
        crashAndTrim(options, 2, NEARLY_FULL_BYTES, false);
    }

    /** How much is left on the disk, and which pieces are trimmed, is left to chance. */
    @Seeded(rounds = 2)
    void howeverFullTheDiskIsTheMemberCanBeTrimmed(Random random) throws Exception {
        crashAndTrim(random.nextBoolean() ? "" : "?profile=compact", random.nextLong(), random.nextInt(2 << 20), true);
    }

    /** A thin member takes what is written to it; it reserves space only where space is scarce. */
    @Test
    void aReserveIsMadeWhenSpaceIsScarce() throws Exception {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        try (ChildJvm owner = new ChildJvm(
                List.of("unshare", "--user", "--map-root-user", "--mount"), ShrinkingDisk.class, disk.toString())) {
            List<String> lines = owner.rest().lines().toList();
            assertThat(owner.exitCode()).as("%s", lines).isZero();
            assertThat(lines)
                    .containsExactly(
                            "16 GiB free: null, reserve: false",
                            "scarce: null, reserve: true",
                            "opened again: null, reserve: true");
        }
    }

    private void crashAndTrim(String options, long seed, int leftBytes, boolean hasReserve) throws Exception {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        List<String> arguments = List.of(
                disk.toString(),
                options,
                Long.toString(seed),
                Integer.toString(leftBytes),
                Boolean.toString(hasReserve));
        try (ChildJvm owner = new ChildJvm(
                List.of("unshare", "--user", "--map-root-user", "--mount"),
                CrashOnFullDisk.class,
                arguments.toArray(String[]::new))) {
            List<String> lines = owner.rest().lines().toList();
            assertThat(owner.exitCode()).as("%s", lines).isZero();
            assertThat(lines.stream().filter(line -> !line.contains("ERROR") && !line.contains("WARN")))
                    .containsExactly(
                            "acknowledged is read: true",
                            "opened again: true",
                            "a write is answered: true",
                            "trimmed: null",
                            "flushed: null",
                            "the rest is read: true",
                            "space again: null",
                            "flushed: null",
                            "after reopening: true");
        }
    }

    /** A member on a disk that runs full, written piece by piece. */
    private record Disk(IoLoop on, MemberStore store, MemberPort port) {
        private static final int PIECE_BYTES = 256 << 10;
        private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);
        private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

        static Disk of(IoLoop on, MemberStore store) {
            return new Disk(on, store, TestLoops.call(on, () -> store.port(on)));
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
    }

    /** Fills a member until there is no space, says how far it came, and waits to be killed. */
    static final class Filler {
        private Filler() {}

        public static void main(String[] arguments) throws Exception {
            try (IoLoops loops = new IoLoops(IoEngine.NIO, 1)) {
                Disk member = Disk.of(loops.all().get(0), PROVIDER.create(MemberUri.parse(arguments[0]), LARGE_BYTES));
                int pieces = 0;
                IoError error = member.write(pieces);
                while (error == null) {
                    pieces++;
                    error = member.write(pieces);
                }
                System.out.println("pieces=" + pieces + " " + error);
                System.out.println(System.in.read());
            }
        }
    }

    /** In a process that has a small disk of its own, on which another is killed. */
    static final class CrashOnFullDisk {
        private CrashOnFullDisk() {}

        public static void main(String[] arguments) throws Exception {
            Path disk = Path.of(arguments[0]);
            FullDisk.mount(disk);
            Path place = disk.resolve("member");
            int pieces = fillAndKill("rocksdb:" + place + arguments[1]);
            boolean hasReserve = Boolean.parseBoolean(arguments[4]);
            if (!hasReserve) {
                Files.delete(place.resolve(RocksReserve.FILE));
            }
            fillAll(disk.resolve("filler"), Integer.parseInt(arguments[3]));
            MemberUri uri = MemberUri.parse("rocksdb:" + place);
            try (IoLoops loops = new IoLoops(IoEngine.NIO, 1)) {
                IoLoop loop = loops.all().get(0);
                Disk member = Disk.of(loop, PROVIDER.open(uri, false));
                System.out.println("acknowledged is read: " + member.holds(pieces));
                member.close();
                member = Disk.of(loop, PROVIDER.open(uri, false));
                System.out.println("opened again: " + member.holds(pieces));
                IoError written = member.write(pieces);
                System.out.println("a write is answered: " + (written == null || written == IoError.NO_SPACE));
                int kept = new Random(Long.parseLong(arguments[2])).nextInt(pieces / 4);
                System.out.println("trimmed: " + member.trim(kept, pieces + 1));
                System.out.println("flushed: " + member.flush());
                System.out.println("the rest is read: " + member.holds(kept));
                if (!hasReserve) {
                    Files.delete(disk.resolve("filler"));
                }
                System.out.println("space again: " + member.writeWhenItCan(kept));
                System.out.println("flushed: " + member.flush());
                member.close();
                Disk again = Disk.of(loop, PROVIDER.open(uri, false));
                System.out.println("after reopening: " + again.holds(kept + 1));
                again.close();
            }
        }

        private static int fillAndKill(String member) throws Exception {
            try (ChildJvm filling = new ChildJvm(List.of(), Filler.class, member)) {
                String line = filling.nextLine();
                while (!line.startsWith("pieces=")) {
                    line = filling.nextLine();
                }
                return Integer.parseInt(line.substring("pieces=".length(), line.indexOf(' ')));
            }
        }

        /** The last bytes one by one, as it were. */
        private static void fillAll(Path filler, int leftBytes) throws Exception {
            try (OutputStream out = Files.newOutputStream(filler)) {
                while (true) {
                    out.write(new byte[4096]);
                }
            } catch (IOException full) {
                try (FileChannel file = FileChannel.open(filler, StandardOpenOption.WRITE)) {
                    file.truncate(Math.max(0, file.size() - leftBytes));
                }
            }
        }
    }

    /** In a process that has a disk of its own, which is large at first. */
    static final class ShrinkingDisk {
        private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

        private ShrinkingDisk() {}

        public static void main(String[] arguments) throws Exception {
            Path disk = Path.of(arguments[0]);
            FullDisk.mount(disk, "size=16g");
            Path place = disk.resolve("member");
            MemberUri uri = MemberUri.parse("rocksdb:" + place);
            try (IoLoops loops = new IoLoops(IoEngine.NIO, 1)) {
                IoLoop loop = loops.all().get(0);
                Disk member = Disk.of(loop, PROVIDER.create(uri, LARGE_BYTES));
                say("16 GiB free", member.write(0), place);
                FullDisk.mount(disk, "remount,size=192m");
                long deadline = System.nanoTime() + PATIENCE_NANOS;
                IoError error = member.write(1);
                while (error == null && !hasReserve(place) && System.nanoTime() < deadline) {
                    error = member.write(1);
                }
                say("scarce", error, place);
                member.close();
                member = Disk.of(loop, PROVIDER.open(uri, false));
                say("opened again", member.write(2), place);
                member.close();
            }
        }

        private static void say(String when, @Nullable IoError error, Path place) {
            System.out.println(when + ": " + error + ", reserve: " + hasReserve(place));
        }

        private static boolean hasReserve(Path place) {
            return Files.exists(place.resolve(RocksReserve.FILE));
        }
    }

    /** In a process that has a small disk of its own. */
    static final class FullDisk {
        /** Short of the 64 MiB that are kept in memory before they are written to files. */
        private static final int BUFFERED_PIECES = 240;

        private FullDisk() {}

        public static void main(String[] arguments) throws Exception {
            Path disk = Path.of(arguments[1]);
            mount(disk);
            Path filler = disk.resolve("filler");
            Path place = disk.resolve("member");
            MemberUri uri = MemberUri.parse("rocksdb:" + place);
            try (IoLoops loops = new IoLoops(IoEngine.NIO, 1)) {
                IoLoop loop = loops.all().get(0);
                Disk member = Disk.of(loop, PROVIDER.create(uri, LARGE_BYTES));
                int pieces = 0;
                if (arguments[0].equals("files")) {
                    while (pieces < BUFFERED_PIECES) {
                        require(member.write(pieces++) == null);
                    }
                }
                fill(filler);
                IoError error = member.write(pieces);
                while (error == null) {
                    pieces++;
                    error = member.write(pieces);
                }
                System.out.println("some: " + (pieces > 0));
                System.out.println("full: " + error);
                System.out.println("acknowledged is read: " + member.holds(pieces));
                System.out.println("still full: " + member.write(pieces));
                System.out.println("flushed while full: " + member.flush());
                System.out.println("reopening a copy of the full one: " + copyHolds(loop, place, pieces));
                Files.delete(filler);
                System.out.println("space again: " + member.writeWhenItCan(pieces));
                System.out.println("flushed: " + member.flush());
                System.out.println("acknowledged is read: " + member.holds(pieces + 1));
                member.close();
                Disk again = Disk.of(loop, PROVIDER.open(uri, false));
                System.out.println("after reopening: " + again.holds(pieces + 1));
                again.close();
            }
        }

        private static void require(boolean written) {
            if (!written) {
                throw new IllegalStateException("cannot be written");
            }
        }

        private static void fill(Path filler) throws Exception {
            long bytes = Files.getFileStore(filler.getParent()).getUsableSpace() - ROOM_BYTES;
            Files.write(filler, new byte[(int) bytes]);
        }

        /** Whether everything acknowledged would be there if the process ended now. */
        private static boolean copyHolds(IoLoop loop, Path place, int pieces) throws Exception {
            Path copy = Files.createTempDirectory(place.resolve("../..").normalize(), "copy")
                    .resolve("member");
            Trees.copy(place, copy);
            Disk copied = Disk.of(loop, PROVIDER.open(MemberUri.parse("rocksdb:" + copy), false));
            boolean holds = copied.holds(pieces);
            copied.close();
            return holds;
        }

        private static void mount(Path disk) throws Exception {
            mount(disk, "size=192m");
        }

        private static void mount(Path disk, String options) throws Exception {
            int exit = new ProcessBuilder("mount", "-t", "tmpfs", "-o", options, "none", disk.toString())
                    .inheritIO()
                    .start()
                    .waitFor();
            if (exit != 0) {
                throw new IllegalStateException("mount ended with " + exit);
            }
        }
    }
}
