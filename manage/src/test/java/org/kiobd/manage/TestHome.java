package org.kiobd.manage;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.assertj.core.api.Assertions;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.image.VolumeCopy;
import org.kiobd.raid.ArraySpec;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;

/** A home with volumes, for tests: makes, fills and reads them through the facade. Used by one thread. */
final class TestHome {
    static final int CHUNK_BYTES = 65_536;

    private static final MemberStores STORES = MemberStores.load();

    private final Path path;
    private final Volumes volumes;

    TestHome(Path path) {
        this(path, STORES);
    }

    /** Borrows {@code stores}. */
    TestHome(Path path, MemberStores stores) {
        this.path = path;
        this.volumes = new Volumes(new VolumeCatalog(path), stores);
    }

    Path path() {
        return path;
    }

    Volumes volumes() {
        return volumes;
    }

    VolumeCatalog catalog() {
        return volumes.catalog();
    }

    /** Returns the folder of a volume. */
    Path folder(String name) throws BlockIoException {
        return catalog().folder(name);
    }

    /**
     * Returns places for the members of a volume.
     *
     * @param stores schemes, one a member, separated by commas; {@code memory} gets a unique name
     */
    static List<MemberUri> places(Path folder, String name, String stores) {
        List<MemberUri> places = new ArrayList<>();
        for (String scheme : stores.split(",", -1)) {
            places.add(
                    scheme.equals("memory")
                            ? new MemberUri(scheme, name + "-" + UUID.randomUUID())
                            : MemberPaths.standard(scheme, folder, name, places.size()));
        }
        return places;
    }

    /** Makes an empty volume; see {@link #places}. */
    VolumeManifest create(String name, long sizeBytes, String stores) throws BlockIoException {
        return volumes.create(
                name, folder -> new ArraySpec(name, sizeBytes, CHUNK_BYTES, places(folder, name, stores)));
    }

    /** Makes a volume at the given places. */
    VolumeManifest create(String name, long sizeBytes, List<MemberUri> places) throws BlockIoException {
        return volumes.create(name, folder -> new ArraySpec(name, sizeBytes, CHUNK_BYTES, places));
    }

    /** Overwrites volume {@code name} with an image. */
    void fill(String name, byte[] content) throws IOException {
        Path image = Files.write(path.resolveSibling("image-" + UUID.randomUUID()), content);
        try (VolumeCopy copy = new VolumeCopy("imported", Progress.NONE)) {
            volumes.importImage(image, name, (from, to) -> copy.copy(from, to, false, false));
        } finally {
            Files.delete(image);
        }
    }

    /** Overwrites the first {@code lengthBytes} of a volume with one value, and the rest with zeros. */
    void fill(String name, int value, int lengthBytes) throws IOException {
        byte[] content = new byte[lengthBytes];
        Arrays.fill(content, (byte) value);
        fill(name, content);
    }

    /** Copies a volume to a new one with members of {@code stores}. */
    VolumeManifest copy(String name, String newName, String stores) throws BlockIoException {
        try (VolumeCopy copy = new VolumeCopy("copied", Progress.NONE);
                VolumeSource source = volumes.read(name)) {
            return volumes.copy(
                    source,
                    newName,
                    folder -> new ArraySpec(
                            newName, source.volume().sizeBytes(), CHUNK_BYTES, places(folder, newName, stores)),
                    (from, to) -> copy.copy(from, to, true, true));
        }
    }

    /** Returns all bytes of a volume or a snapshot. */
    byte[] content(String name) throws BlockIoException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (VolumeCopy copy = new VolumeCopy("exported", Progress.NONE);
                VolumeSource source = volumes.read(name)) {
            copy.copy(source.volume(), bytes);
        }
        return bytes.toByteArray();
    }

    /** Checks that the first {@code lengthBytes} of a volume have one value, and the rest are zeros. */
    void assertHolds(String name, int value, int lengthBytes) throws BlockIoException {
        byte[] found = content(name);
        byte[] expected = new byte[found.length];
        Arrays.fill(expected, 0, lengthBytes, (byte) value);
        Assertions.assertThat(Arrays.equals(found, expected))
                .as("%s holds %d times %d", name, lengthBytes, value)
                .isTrue();
    }

    /** Checks that a check of the volume finds nothing. */
    void assertWell(String name) throws BlockIoException {
        Assertions.assertThat(volumes.check(name).findings()).as(name).isEmpty();
    }

    /** Returns the line for users of a volume's entry in the list. */
    String line(String name) throws BlockIoException {
        return entry(name).health().line();
    }

    /** Returns the entry of a volume in the list. */
    VolumeEntry entry(String name) throws BlockIoException {
        return volumes.list().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " is not listed"));
    }

    /** Returns a copy of this home: what a kill at this moment would have left. */
    TestHome copyTo(Path to) {
        return new TestHome(copyTree(path, to));
    }

    static Path copyTree(Path tree, Path to) {
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.toList()) {
                copyIfThere(file, to.resolve(tree.relativize(file)));
            }
            return to;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Copies a file, unless a database has removed it meanwhile. */
    private static void copyIfThere(Path file, Path to) throws IOException {
        try {
            Files.copy(file, to, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                throw e;
            }
        }
    }

    /** Returns every file below {@code tree} with a hash of its content. */
    static Map<String, String> contents(Path tree) throws IOException {
        TreeMap<String, String> found = new TreeMap<>();
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.toList()) {
                found.put(
                        tree.relativize(file).toString(),
                        Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                                ? Arrays.hashCode(Files.readAllBytes(file)) + ""
                                : "-");
            }
        }
        return found;
    }

    /** Checks that no temporary member and no record of a change is left. */
    void assertTidy() throws IOException {
        try (Stream<Path> files = Files.walk(path)) {
            Assertions.assertThat(files.map(file -> String.valueOf(file.getFileName()))
                            .toList())
                    .noneMatch(name -> name.startsWith(".kiobd-")
                            || name.equals("change.json")
                            || name.equals("deleted.json")
                            || name.endsWith(".new"));
        }
    }
}
