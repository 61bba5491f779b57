package org.kiobd.store.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestLoops;

/** A library that is only bytes, in a jar, and folders that do or do not take it. */
class NativeFolderTest {
    private static final String NAME = "libsome.so";

    @TempDir
    private Path folder;

    private final byte[] bytes = new byte[300_000];
    private final List<Path> loaded = new ArrayList<>();
    private URL library;

    @BeforeEach
    void makeJar() throws Exception {
        new Random(1).nextBytes(bytes);
        Path jar = folder.resolve("some.jar");
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file)) {
            out.putNextEntry(new JarEntry(NAME));
            out.write(bytes);
        }
        library = new URL("jar:" + jar.toUri() + "!/" + NAME);
    }

    private Path load(Path... places) throws IOException {
        new NativeFolder(List.of(places)).load(library, NAME, loaded::add);
        return loaded.get(loaded.size() - 1);
    }

    private Path place(String name) {
        return folder.resolve(name);
    }

    @Test
    void itIsUnpackedOnceForItsOwnerAlone() throws Exception {
        Path first = load(place("cache"));
        Path file = first.resolve(NAME);
        assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
        Object inode = Files.getAttribute(file, "unix:ino");
        assertThat(load(place("cache"))).isEqualTo(first);
        assertThat(Files.getAttribute(file, "unix:ino")).isEqualTo(inode);
        try (Stream<Path> all = Files.walk(place("cache"))) {
            for (Path one : all.filter(Files::isDirectory).toList()) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(one)))
                        .isEqualTo("rwx------");
            }
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rwx------");
    }

    @Seeded(rounds = 3)
    void whatIsNotWhatTheJarHasIsWrittenAnew(Random random) throws Exception {
        Path file = load(place("cache")).resolve(NAME);
        byte[] odd = bytes.clone();
        odd[random.nextInt(odd.length)] ^= (byte) (1 << random.nextInt(8));
        byte[] cut = Arrays.copyOf(bytes, random.nextInt(bytes.length));
        for (byte[] damaged : List.of(odd, cut)) {
            Files.write(file, damaged);
            // As one that was killed while it unpacked has left it.
            Files.write(file.resolveSibling(NAME + ".new"), cut);
            load(place("cache"));
            assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
            assertThat(file.resolveSibling(NAME + ".new")).doesNotExist();
        }
    }

    @Test
    void nothingIsLoadedFromWhereOthersMayWrite() throws Exception {
        Path open = Files.createDirectory(place("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path below = Files.createDirectory(open.resolve("below"));
        Files.setPosixFilePermissions(below, PosixFilePermissions.fromString("rwx------"));
        Path link = Files.createSymbolicLink(place("link"), open);
        assertThatThrownBy(() -> load(open, below, link))
                .hasMessageContaining(open + " (others may write to " + open.toRealPath())
                .hasMessageContaining(below + " (others may write to " + open.toRealPath())
                .hasMessageContaining(link + " (others may write to " + open.toRealPath())
                .hasMessageContaining("set KIOBD_CACHE to a folder of yours");
        assertThat(load(open, place("mine"))).startsWith(place("mine").toRealPath());
        assertThat(loaded).hasSize(1);
    }

    @Test
    void theNextPlaceIsTakenWhereOneDoesNotLoad() throws Exception {
        Path file = Files.createFile(place("file"));
        new NativeFolder(List.of(file, place("refuses"), place("takes"))).load(library, NAME, tried -> {
            if (tried.startsWith(place("refuses"))) {
                throw new UnsatisfiedLinkError("failed to map segment");
            }
            loaded.add(tried);
        });
        assertThat(loaded).hasSize(1).allMatch(path -> path.startsWith(place("takes")));
    }

    @Test
    void manyAtOnceUnpackItOnce() throws Exception {
        List<CompletableFuture<Path>> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            all.add(CompletableFuture.supplyAsync(() -> {
                try {
                    List<Path> mine = new ArrayList<>();
                    new NativeFolder(List.of(place("cache"))).load(library, NAME, mine::add);
                    return mine.get(0);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }));
        }
        for (CompletableFuture<Path> one : all) {
            assertThat(Files.readAllBytes(TestLoops.await(one).resolve(NAME))).isEqualTo(bytes);
        }
    }

    @Test
    void theFolderThatIsNamedIsTheOnlyOne() {
        assertThat(NativeFolder.places(Map.of("KIOBD_CACHE", "/a", "XDG_CACHE_HOME", "/b"), "/c", "/d"))
                .containsExactly(Path.of("/a"));
        assertThat(NativeFolder.places(Map.of("XDG_CACHE_HOME", "/b"), "/c", "/d"))
                .hasSize(3)
                .startsWith(Path.of("/b/kiobd"), Path.of("/c/.cache/kiobd"))
                .last()
                .matches(path -> path.toString().startsWith("/d/kiobd-cache-"));
        assertThat(NativeFolder.places(Map.of(), "?", "/d")).hasSize(1);
    }
}
