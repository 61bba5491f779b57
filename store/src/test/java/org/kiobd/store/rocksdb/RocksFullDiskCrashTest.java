package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.testkit.ChildJvm;
import org.kiobd.volume.testkit.Seeded;

/** A database whose process is killed on a full disk. */
@Tag("one-lane")
@Timeout(300)
class RocksFullDiskCrashTest {
    private static final int NEARLY_FULL_BYTES = 1 << 20;

    private static final long LARGE_BYTES = 1L << 30;

    private static final RocksMemberStoreProvider PROVIDER = new RocksMemberStoreProvider();

    @TempDir
    private Path folder;

    /** Killed while its disk is full: it opens, more than once, loses nothing, takes TRIM, and then writes again. */
    @ParameterizedTest
    @ValueSource(strings = {"?data=database", "?profile=compact", "?profile=compact&compression=lz4", "?data=files"})
    void aCrashOnAFullDiskLeavesAMemberThatCanBeTrimmed(String options) throws Exception {
        crashAndTrim(options, 1, 0, true);
    }

    /**
     * The version before kept no reserve. With little space, less than the log takes, the log is read into memory: the member is read and
     * trimmed, and written again when somebody has freed space.
     */
    @ParameterizedTest
    @ValueSource(strings = {"?data=database", "?profile=compact", "?data=files"})
    void aMemberWithoutReserveCanBeTrimmed(String options) throws Exception {
        crashAndTrim(options, 2, NEARLY_FULL_BYTES, false);
    }

    /** How much is left on the disk, and which pieces are trimmed, is left to chance. */
    @Seeded(rounds = 2)
    void howeverFullTheDiskIsTheMemberCanBeTrimmed(Random random) throws Exception {
        crashAndTrim(random.nextBoolean() ? "" : "?profile=compact", random.nextLong(), random.nextInt(2 << 20), true);
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
                            "after reopening: true",
                            "files of others are there: true");
        }
    }

    /** Fills a member until there is no space, says how far it came, and waits to be killed. */
    static final class Filler {
        private Filler() {}

        public static void main(String[] arguments) throws Exception {
            try (IoLoops loops = new IoLoops(IoEngine.NIO, 1)) {
                SmallDisk member =
                        SmallDisk.of(loops.all().get(0), PROVIDER.create(MemberUri.parse(arguments[0]), LARGE_BYTES));
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
            SmallDisk.mount(disk);
            Path place = disk.resolve("member");
            int pieces = fillAndKill("rocksdb:" + place + arguments[1]);
            boolean hasReserve = Boolean.parseBoolean(arguments[4]);
            if (!hasReserve) {
                Files.delete(place.resolve(RocksReserve.FILE));
            }
            List<Path> others = filesOfOthers(place.resolve("db"));
            fillAll(disk.resolve("filler"), Integer.parseInt(arguments[3]));
            MemberUri uri = MemberUri.parse("rocksdb:" + place);
            try (IoLoops loops = new IoLoops(IoEngine.NIO, 1)) {
                IoLoop loop = loops.all().get(0);
                SmallDisk member = SmallDisk.of(loop, PROVIDER.open(uri, false));
                System.out.println("acknowledged is read: " + member.holds(pieces));
                member.close();
                member = SmallDisk.of(loop, PROVIDER.open(uri, false));
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
                SmallDisk again = SmallDisk.of(loop, PROVIDER.open(uri, false));
                System.out.println("after reopening: " + again.holds(kept + 1));
                again.close();
            }
            System.out.println("files of others are there: " + others.stream().allMatch(Files::exists));
        }

        /** Makes empty ones, for the disk is full, with names that resemble those of a database. */
        private static List<Path> filesOfOthers(Path database) throws IOException {
            List<Path> others = new ArrayList<>();
            for (String name : List.of("x.sst", "12.sst.bak", "7a.blob", "notes")) {
                others.add(Files.createFile(database.resolve(name)));
            }
            return others;
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
}
