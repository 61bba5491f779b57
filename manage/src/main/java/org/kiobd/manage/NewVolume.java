package org.kiobd.manage;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.catalog.Change;
import org.kiobd.manage.catalog.Changes;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.raid.ArrayAssembler;
import org.kiobd.raid.ArraySpec;
import org.kiobd.raid.Volume;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;

/**
 * Makes a volume, empty or filled: makes and fills the members under temporary names, renames them when they are complete, and then saves
 * the catalog entry. Used by one thread.
 */
final class NewVolume {
    private final VolumeCatalog catalog;
    private final ArrayAssembler assembler;
    private final Changes changes;

    NewVolume(VolumeCatalog catalog, ArrayAssembler assembler, Changes changes) {
        this.catalog = catalog;
        this.assembler = assembler;
        this.changes = changes;
    }

    /** Writes the content of the new volume. */
    @FunctionalInterface
    interface Content {
        /** Fills {@code target}, which reads as zeros; borrows it. */
        void fill(Volume target) throws BlockIoException;
    }

    /** Returns the specification of the new volume; called once its folder is known to be free. */
    @FunctionalInterface
    interface Specification {
        ArraySpec spec() throws BlockIoException;
    }

    /** Makes an empty volume and its catalog entry, or neither. */
    VolumeManifest create(String name, Specification shape) throws BlockIoException {
        try (VolumeLock lock = changes.reserve(name)) {
            return make(name, shape, Change.Operation.CREATE, null, null);
        }
    }

    /**
     * Makes a volume with the content that {@code filling} writes, or none.
     *
     * @param source description of the content, for users
     */
    VolumeManifest copy(String name, Specification shape, String source, Content filling) throws BlockIoException {
        try (VolumeLock lock = changes.reserve(name)) {
            return make(name, shape, Change.Operation.COPY, source, filling);
        }
    }

    private VolumeManifest make(
            String name,
            Specification shape,
            Change.Operation operation,
            @Nullable String source,
            @Nullable Content filling)
            throws BlockIoException {
        try {
            ArraySpec spec = shape.spec();
            List<MemberUri> places =
                    spec.members().stream().map(MemberUri::withoutOptions).toList();
            UUID changeId = UUID.randomUUID();
            changes.begin(name, new Change.Plan(operation, changeId, source, places, List.of()));
            VolumeManifest aside = assembler.makeAside(spec, changeId);
            if (filling != null) {
                try (Volume target = assembler.open(aside, false)) {
                    filling.fill(target);
                }
            }
            VolumeManifest made = assembler.settle(aside, places);
            catalog.save(made);
            changes.recover(name);
            return made;
        } catch (BlockIoException | RuntimeException e) {
            changes.undo(name, e);
            throw e;
        }
    }
}
