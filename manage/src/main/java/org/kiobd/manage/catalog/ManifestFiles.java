package org.kiobd.manage.catalog;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** Reads and writes the manifests of the catalog. Any thread; a caller that writes one holds the volume's lock. */
final class ManifestFiles {
    static final String MANIFEST = "manifest.json";

    /** Name of the manifest once the deletion of its volume has begun. */
    static final String DELETED = "deleted.json";

    private final CatalogLookup lookup;
    private final Path home;

    ManifestFiles(CatalogLookup lookup, Path home) {
        this.lookup = lookup;
        this.home = home;
    }

    VolumeManifest load(String name) throws BlockIoException {
        Path file = lookup.folder(name).resolve(MANIFEST);
        try {
            return ManifestCodec.decode(SmallFiles.read(file), name, lookup.folder(name));
        } catch (NoSuchFileException e) {
            if (!CatalogListing.isListed(lookup.folder(name))) {
                throw lookup.unknown(name);
            }
            throw new BlockIoException(
                    IoError.IO, "volume=" + name + ": its manifest " + file + " is a link to nothing", e);
        } catch (BlockIoException e) {
            throw new BlockIoException(e.error(), "volume=" + name + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw unreadable(name, file, e);
        }
    }

    private BlockIoException unreadable(String name, Path file, IOException e) throws BlockIoException {
        if (!SystemErrors.toIoError(e).isDamage()) {
            return CatalogErrors.failed("volume=" + name + ": cannot read its manifest " + file, e);
        }
        return new BlockIoException(
                IoError.IO,
                "volume=" + name + ": its manifest " + file + (isMedium(e) ? " cannot be read (" : " is damaged (")
                        + reason(e) + "); its data is unharmed; rebuild it with kiobd assemble " + membersOf(name),
                e);
    }

    private String membersOf(String name) throws BlockIoException {
        Path folder = lookup.folder(name);
        try (Stream<Path> files = Files.list(folder)) {
            boolean inside =
                    files.anyMatch(file -> String.valueOf(file.getFileName()).startsWith("member-"));
            return inside ? folder.resolve("member-*") + " (all its members)" : "MEMBER..., naming all its members";
        } catch (IOException | UncheckedIOException e) {
            return "MEMBER..., naming all its members";
        }
    }

    /** Returns the message of the decoder, or a description of the system's error. */
    private static String reason(IOException e) {
        return e instanceof FileSystemException ? SystemErrors.describe(e) : String.valueOf(e.getMessage());
    }

    /** Returns whether the medium failed. The failure may be temporary, and the stored data may be intact. */
    private static boolean isMedium(IOException e) {
        return e instanceof FileSystemException
                || String.valueOf(e.getMessage()).contains("Input/output error");
    }

    void save(String name, VolumeManifest manifest) throws BlockIoException {
        Path folder = lookup.folder(name);
        try {
            AtomicFiles.write(folder.resolve(MANIFEST), ManifestCodec.encode(manifest, folder, home));
        } catch (IOException e) {
            throw CatalogErrors.failed("volume=" + name + ": cannot write its manifest in " + folder, e);
        }
    }

    /** Returns the manifest of a volume whose deletion was begun; null if none was. */
    @Nullable
    VolumeManifest deleted(String name) throws BlockIoException {
        Path file = lookup.folder(name).resolve(DELETED);
        try {
            return ManifestCodec.decode(SmallFiles.read(file), name, lookup.folder(name));
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            throw CatalogErrors.failed("volume=" + name + ": cannot read " + file, e);
        }
    }
}
