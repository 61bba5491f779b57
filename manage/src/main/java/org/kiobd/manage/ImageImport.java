package org.kiobd.manage;

import java.nio.file.Path;
import org.kiobd.manage.catalog.Changes;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.raid.ArrayAssembler;
import org.kiobd.raid.Volume;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** Overwrites a volume that is not served with a raw image; until it ends, the volume is unfinished. Used by one thread. */
final class ImageImport {
    private final VolumeCatalog catalog;
    private final ArrayAssembler assembler;
    private final Changes changes;
    private final Snapshots snapshots;

    ImageImport(VolumeCatalog catalog, ArrayAssembler assembler, Changes changes, Snapshots snapshots) {
        this.catalog = catalog;
        this.assembler = assembler;
        this.changes = changes;
        this.snapshots = snapshots;
    }

    /** Imports {@code image}; {@code filling} copies it. */
    void run(Path image, String name, Volumes.Filling filling) throws BlockIoException {
        try (VolumeLock lock = catalog.lock(name)) {
            snapshots.tidy(name);
            boolean begun = false;
            try (Volume source = assembler.openRaw(MemberUri.file(image), true);
                    Volume target = assembler.open(catalog.load(name), false)) {
                requireFits(image, source, target);
                changes.beginImport(name, image.toAbsolutePath().toString());
                begun = true;
                filling.fill(source, target);
            } catch (BlockIoException e) {
                throw begun ? explained(name, e) : e;
            }
            changes.endImport(name);
        }
    }

    private static void requireFits(Path image, Volume source, Volume target) throws BlockIoException {
        String name = target.info().name();
        if (source.sizeBytes() == 0) {
            throw new BlockIoException(
                    IoError.INVALID,
                    image + " is empty; nothing was written, and volume=" + name + " is as it was; name an image");
        }
        if (source.sizeBytes() > target.sizeBytes()) {
            throw new BlockIoException(
                    IoError.INVALID,
                    image + " has size=" + source.sizeBytes() + ", volume=" + name + " only size=" + target.sizeBytes()
                            + "; nothing was written; kiobd resize makes it larger");
        }
    }

    /** Returns {@code e} with a note on what the failure of an import that had begun means for the volume. */
    private static BlockIoException explained(String name, BlockIoException e) {
        return new BlockIoException(
                e.error(),
                e.getMessage() + "; volume=" + name + " holds only a part of it now and is unfinished: import again,"
                        + " or roll it back to a snapshot",
                e);
    }
}
