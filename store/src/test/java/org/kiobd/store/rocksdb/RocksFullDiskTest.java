package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.testkit.ChildJvm;

/** A database on a disk that runs full. */
@Tag("one-lane")
@Timeout(300)
class RocksFullDiskTest {
    private static final long LARGE_BYTES = 1L << 30;

    /** What a full disk has left beside a member that was just made. */
    private static final int ROOM_BYTES = 16 << 20;

    private static final RocksMemberStoreProvider PROVIDER = new RocksMemberStoreProvider();

    @TempDir
    private Path folder;

    /** It is the files that are written in the background that find no room, or the log. Data files need no room for a FLUSH. */
    @ParameterizedTest
    @CsvSource({"files, database, NO_SPACE", "log, database, NO_SPACE", "files, files, null", "log, files, null"})
    void memberRule1_aFullDiskIsNoSpaceUntilThereIsSomeAgain(String which, String data, String flushed)
            throws Exception {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        try (ChildJvm owner = new ChildJvm(
                List.of("unshare", "--user", "--map-root-user", "--mount"),
                FullDisk.class,
                which,
                disk.toString(),
                data)) {
            List<String> lines = owner.rest().lines().toList();
            assertThat(owner.exitCode()).as("%s", lines).isZero();
            assertThat(lines.stream().filter(line -> !line.contains("ERROR")))
                    .containsExactly(
                            "some: true",
                            "full: NO_SPACE",
                            "acknowledged is read: true",
                            "still full: NO_SPACE",
                            "flushed while full: " + flushed,
                            "reopening a copy of the full one: true",
                            "space again: null",
                            "flushed: null",
                            "acknowledged is read: true",
                            "after reopening: true");
        }
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

    /** In a process that has a disk of its own, which is large at first. */
    static final class ShrinkingDisk {
        private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

        private ShrinkingDisk() {}

        public static void main(String[] arguments) throws Exception {
            Path disk = Path.of(arguments[0]);
            SmallDisk.mount(disk, "size=16g");
            Path place = disk.resolve("member");
            MemberUri uri = MemberUri.parse("rocksdb:" + place);
            try (IoLoops loops = new IoLoops(IoEngine.NIO, 1)) {
                IoLoop loop = loops.all().get(0);
                SmallDisk member = SmallDisk.of(loop, PROVIDER.create(uri, LARGE_BYTES));
                say("16 GiB free", member.write(0), place);
                SmallDisk.mount(disk, "remount,size=192m");
                long deadline = System.nanoTime() + PATIENCE_NANOS;
                IoError error = member.write(1);
                while (error == null && !hasReserve(place) && System.nanoTime() < deadline) {
                    error = member.write(1);
                }
                say("scarce", error, place);
                member.close();
                member = SmallDisk.of(loop, PROVIDER.open(uri, false));
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
            SmallDisk.mount(disk);
            Path filler = disk.resolve("filler");
            Path place = disk.resolve("member");
            MemberUri uri = MemberUri.parse("rocksdb:" + place + "?data=" + arguments[2]);
            try (IoLoops loops = new IoLoops(IoEngine.NIO, 1)) {
                IoLoop loop = loops.all().get(0);
                SmallDisk member = SmallDisk.of(loop, PROVIDER.create(uri, LARGE_BYTES));
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
                SmallDisk again = SmallDisk.of(loop, PROVIDER.open(uri, false));
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
            byte[] piece = new byte[1 << 20];
            try (OutputStream out = Files.newOutputStream(filler)) {
                for (long left = bytes; left > 0; left -= piece.length) {
                    out.write(piece, 0, (int) Math.min(left, piece.length));
                }
            }
        }

        /** Whether everything acknowledged would be there if the process ended now. */
        private static boolean copyHolds(IoLoop loop, Path place, int pieces) throws Exception {
            Path copy = Files.createTempDirectory(place.resolve("../..").normalize(), "copy")
                    .resolve("member");
            Trees.copy(place, copy);
            SmallDisk copied = SmallDisk.of(loop, PROVIDER.open(MemberUri.parse("rocksdb:" + copy), false));
            boolean holds = copied.holds(pieces);
            copied.close();
            return holds;
        }
    }
}
