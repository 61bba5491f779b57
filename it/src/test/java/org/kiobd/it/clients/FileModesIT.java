package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kiobd.it.kit.KiobdCli;
import org.kiobd.it.kit.RunLength;

/** Everything a session leaves behind, and what it has while it serves, is its owner's only, whatever the umask. */
class FileModesIT {
    private static final Set<PosixFilePermission> OWNERS = PosixFilePermissions.fromString("rwx------");

    @TempDir
    private Path folder;

    private void kiobd(String umask, String... arguments) {
        List<String> prefix = List.of("sh", "-c", "umask " + umask + "; exec \"$@\"", "sh");
        KiobdCli.Result result = KiobdCli.run(prefix, folder.resolve("home"), arguments);
        assertThat(result.exitCode()).as("%s", result).isZero();
    }

    static Stream<String> umasks() {
        return RunLength.of(List.of("000", "027"), "022");
    }

    @ParameterizedTest
    @MethodSource("umasks")
    void nobodyElseMayReadWhatIsWritten(String umask) throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path image = folder.resolve("image");
        kiobd(
                umask,
                "create",
                "v",
                "--size",
                "16M",
                "--member",
                "rocksdb:" + folder.resolve("m0"),
                "--member",
                "file:" + folder.resolve("m1"));
        String look = "umask; find " + folder + " -printf '%m %p\\n' >" + folder.resolve("while-served");
        kiobd(
                umask,
                "serve",
                "v",
                "--unix",
                folder.resolve("s") + "",
                "--pidfile",
                folder.resolve("pid") + "",
                "--run",
                look);
        kiobd(umask, "create", "r", "--size", "8M", "--store", "rocksdb");
        kiobd(umask, "snapshot", "create", "r@one");
        kiobd(umask, "scrub", "r");
        kiobd(umask, "copy", "r", "c");
        kiobd(umask, "export", "c", image.toString());
        kiobd(umask, "import", image.toString(), "c");
        kiobd(umask, "resize", "r", "--size", "16M");
        assertThat(openToOthers(folder)).isEmpty();
        // What was asked for to be reached by others, and what the command of --run makes, are as the umask says.
        Set<Path> open = Set.of(folder, folder.resolve("s"), folder.resolve("pid"), folder.resolve("while-served"));
        for (String line : Files.readAllLines(folder.resolve("while-served"))) {
            int mode = Integer.parseInt(line.substring(0, line.indexOf(' ')), 8);
            Path path = Path.of(line.substring(line.indexOf(' ') + 1));
            assertThat((mode & 077) == 0 || open.contains(path)).as(line).isTrue();
            if (path.equals(folder.resolve("s"))) {
                assertThat(mode).as(line).isEqualTo(0777 & ~Integer.parseInt(umask, 8));
            }
        }
    }

    private List<String> openToOthers(Path below) throws Exception {
        List<String> open = new ArrayList<>();
        try (Stream<Path> all = Files.walk(below)) {
            for (Path path : all.filter(path -> !path.equals(below) && !path.endsWith("while-served"))
                    .toList()) {
                Set<PosixFilePermission> mode = Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS);
                if (!OWNERS.containsAll(mode) && !Files.isSymbolicLink(path)) {
                    open.add(PosixFilePermissions.toString(mode) + " " + path);
                }
            }
        }
        return open;
    }
}
