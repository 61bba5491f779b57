package org.kiobd.manage.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;

/** Whatever stands in a manifest: it is a volume, or a line says why it is none. */
@Tag("one-lane")
class ManifestFuzzTest {
    private static final int ROUNDS = 3_000;
    private static final List<String> PIECES = List.of(
            "\"\"",
            "\"\\u0000\"",
            "\"file:\"",
            "\"file:../../../x\"",
            "\"nosuch:/x\"",
            "\"rocksdb:?block=4K\"",
            "null",
            "-1",
            "1e308",
            "9223372036854775807",
            "99999999999999999999999999",
            "0.5",
            "true",
            "[]",
            "{}",
            "[[\"a\"]]",
            "{\"members\":[1]}",
            "\"\\ud800\"",
            ",",
            "\uFEFF");

    @TempDir
    Path home;

    private VolumeCatalog catalog;
    private Path manifest;
    private byte[] valid = new byte[0];

    @BeforeEach
    void makeOne() throws IOException {
        catalog = new VolumeCatalog(home);
        try (VolumeLock lock = catalog.reserve("v")) {
            catalog.save(new VolumeManifest(
                    "v",
                    UUID.fromString("01234567-89ab-cdef-0123-456789abcdef"),
                    1 << 20,
                    4096,
                    1,
                    List.of(new MemberUri("file", "/srv/a.img"), new MemberUri("rocksdb", "/srv/b")),
                    VolumeManifest.now()));
        }
        manifest = catalog.folder("v").resolve("manifest.json");
        valid = Files.readAllBytes(manifest);
    }

    @Test
    void anyMutationIsAManifestOrALineThatSaysWhyNot() throws IOException {
        long seed = Long.getLong("kiobd.seed", System.nanoTime());
        Random random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            byte[] mutated = mutate(random);
            Files.write(manifest, mutated);
            String as = "seed=" + seed + " round=" + round + " " + new String(mutated, StandardCharsets.UTF_8);
            try {
                VolumeManifest read = catalog.load("v");
                assertThat(read.sizeBytes()).as(as).isPositive();
                assertThat(read.chunkBytes()).as(as).isPositive();
                assertThat(read.chunkBytes())
                        .as(as)
                        .isLessThanOrEqualTo(Long.MAX_VALUE / read.members().size());
                assertThat(read.members()).as(as).isNotEmpty();
            } catch (BlockIoException e) {
                assertThat(e.getMessage()).as(as).contains("volume=v").doesNotContain("\n");
            } catch (RuntimeException e) {
                throw new AssertionError(as, e);
            }
            assertThat(catalog.names()).as(as).containsExactly("v");
        }
    }

    private byte[] mutate(Random random) {
        byte[] bytes = valid.clone();
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(4)) {
            case 0 -> {
                for (int i = 0; i <= random.nextInt(3); i++) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                }
                return bytes;
            }
            case 1 -> {
                return java.util.Arrays.copyOf(bytes, at);
            }
            case 2 -> {
                return splice(bytes, at, at, pick(random));
            }
            default -> {
                // In the place of a whole value.
                String text = new String(bytes, StandardCharsets.UTF_8);
                int colon = text.indexOf(" : ", random.nextInt(text.length()));
                if (colon < 0) {
                    return splice(bytes, at, bytes.length, pick(random));
                }
                int end = text.indexOf('\n', colon);
                return (text.substring(0, colon + 3) + pick(random) + "," + text.substring(end))
                        .getBytes(StandardCharsets.UTF_8);
            }
        }
    }

    private static String pick(Random random) {
        return PIECES.get(random.nextInt(PIECES.size()));
    }

    private static byte[] splice(byte[] bytes, int from, int to, String piece) {
        byte[] put = piece.getBytes(StandardCharsets.UTF_8);
        byte[] all = new byte[bytes.length - (to - from) + put.length];
        System.arraycopy(bytes, 0, all, 0, from);
        System.arraycopy(put, 0, all, from, put.length);
        System.arraycopy(bytes, to, all, from + put.length, bytes.length - to);
        return all;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"sizeBytes\" : 1048576|\"sizeBytes\" : 99999999999999999999|sizeBytes",
                "\"sizeBytes\" : 1048576|\"sizeBytes\" : 1e300|sizeBytes",
                "\"chunkBytes\" : 4096|\"chunkBytes\" : 9223372036854775807|chunkBytes",
                "\"layoutId\" : 1|\"layoutId\" : 4294967297|layoutId",
                "\"file:/srv/a.img\"|\"\"|member is empty",
                "\"file:/srv/a.img\"|\"file:/srv/\\u0000\"|NUL",
                "\"file:/srv/a.img\"|7|member=7",
                "\"file:/srv/a.img\"|null|member=null",
                "\"format\" : 1|\"format\" : [[[]]]|format="
            })
    void whatIsWrongIsSaid(String change) throws IOException {
        String[] parts = change.split("\\|", -1);
        String text = new String(valid, StandardCharsets.UTF_8);
        assertThat(text).contains(parts[0]);
        Files.writeString(manifest, text.replace(parts[0], parts[1]));
        assertThatThrownBy(() -> catalog.load("v"))
                .isInstanceOf(BlockIoException.class)
                .hasMessageContaining("volume=v")
                .hasMessageContaining(parts[2]);
    }

    @Test
    void deepNestingIsNotJson() throws IOException {
        Files.writeString(manifest, "[".repeat(200_000));
        assertThatThrownBy(() -> catalog.load("v")).hasMessageContaining("it is not JSON");
    }
}
