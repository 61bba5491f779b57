package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the files of {@link DataBlocks}: replays the log, finds the free places, and makes both durable. Stateless. */
final class DataOpening {
    private static final Logger LOG = LoggerFactory.getLogger(DataOpening.class);

    /** Number of changes in one record of corrections. */
    private static final int CORRECTED = 8192;

    private DataOpening() {}

    /**
     * The open files of a member and what is known of them.
     *
     * @param log null if the member is open read-only
     */
    record Parts(
            DataBlocks.Setup setup,
            DataFiles files,
            FreePlaces places,
            @Nullable MapLog log,
            BlockMap map) {
        /** Closes the files. */
        void close() {
            files.close();
            if (log != null) {
                log.close();
            }
        }
    }

    /** Opens the parts; see {@link DataBlocks#open}. */
    static Parts open(DataBlocks.Setup setup, Disk disk) throws IOException {
        DataFiles files = new DataFiles(setup.folder(), disk, setup.blockBytes(), setup.readOnly());
        KeptData kept = null;
        MapLog log = null;
        boolean isOpen = false;
        try {
            long inTable = setup.table().sequence();
            kept = new KeptData(setup.folder(), disk, setup.blockBytes());
            MapReplay replay = new MapReplay(setup.table(), files, kept, setup.synced());
            MapLogEnd end = MapLogEnd.read(setup.folder(), disk, inTable, replay::apply);
            if (end.sequence() < setup.synced()) {
                throw new BlockIoException(
                        IoError.IO,
                        setup.folder()
                                + " is damaged and was not opened; nothing in it was changed: its log of the map ends"
                                + " at change=" + end.sequence() + " and was synced up to change=" + setup.synced()
                                + "; put its map-log files right, or delete kiobd.synced to go on without the changes"
                                + " between");
            }
            NavigableMap<Long, BlockGroup> replayed = replay.finish();
            StoredGroups stored = new StoredGroups();
            FreePlaces places = places(setup, files, stored, replayed, kept);
            if (!setup.readOnly()) {
                log = MapLog.open(setup.folder(), disk, end, setup.blockBytes());
            }
            BlockMap map = new BlockMap(setup.table(), log, stored, replayed);
            Parts parts = new Parts(setup, files, places, log, map);
            if (log != null) {
                makeDurable(parts, log, end, replay);
            }
            if (log != null || kept.isEmpty()) {
                kept.close();
            } else {
                files.overlay(kept);
            }
            isOpen = true;
            return parts;
        } finally {
            if (!isOpen) {
                files.close();
                if (kept != null) {
                    kept.close();
                }
                if (log != null) {
                    log.close();
                }
            }
        }
    }

    /**
     * Marks the places of all blocks as used, and notes which groups are stored; checks that the files that have them are there. If a part of the map is damaged, no place of
     * these files can be free. Data of the log that do not belong to their place are dropped.
     */
    private static FreePlaces places(
            DataBlocks.Setup setup,
            DataFiles files,
            StoredGroups stored,
            NavigableMap<Long, BlockGroup> replayed,
            KeptData kept)
            throws IOException {
        FreePlaces places = new FreePlaces();
        boolean isDamaged = false;
        try {
            setup.table().walk(0, Long.MAX_VALUE, (number, value) -> {
                stored.add(number);
                if (!replayed.containsKey(number)) {
                    mark(places, kept, number, MapLayers.decode(number, value));
                }
                return true;
            });
            for (Map.Entry<Long, BlockGroup> group : replayed.entrySet()) {
                mark(places, kept, group.getKey(), group.getValue());
            }
        } catch (BlockIoException e) {
            LOG.warn(
                    "{}: the map of the blocks is damaged: {}; READs of the part that is lost fail with EIO, the rest is"
                            + " unharmed; the data files are not overwritten from now on: copy the volume",
                    setup.folder(),
                    e.getMessage());
            isDamaged = true;
        }
        if (!isDamaged) {
            kept.dropOthers();
        }
        for (int file = 0; file < places.files(); file++) {
            if (places.isUsed(file) && !files.exists(file)) {
                throw new BlockIoException(
                        IoError.IO,
                        setup.folder() + " is damaged and was not opened; nothing in it was changed: "
                                + files.path(file).getFileName() + " is missing; put it back");
            }
        }
        places.addFiles(files.count());
        for (int file = 0; file < places.files(); file++) {
            int number = file;
            if (!setup.readOnly()) {
                files.allocated(file, (from, count) -> places.mayBeAllocated(number, from, count));
            }
            if (files.isShared(file)) {
                places.share(file);
            }
        }
        if (isDamaged) {
            places.seal();
            stored.addAll();
        }
        return places;
    }

    private static void mark(FreePlaces places, KeptData kept, long number, BlockGroup group) throws BlockIoException {
        for (int i = 0; i < BlockGroup.BLOCKS; i++) {
            if (group.place(i) != BlockGroup.NONE) {
                kept.belongs(group.place(i), group.checksum(i));
            }
            if (group.place(i) != BlockGroup.NONE && !places.markUsed(group.place(i))) {
                throw new BlockIoException(
                        IoError.IO,
                        "block=" + (BlockGroup.first(number) + i) + " has the place of another block, place="
                                + group.place(i));
            }
        }
    }

    /** Makes what the log has said durable, before anything is written: the places that it has freed are free from now on. */
    private static void makeDurable(Parts parts, MapLog log, MapLogEnd end, MapReplay replay) throws IOException {
        DataBlocks.Setup setup = parts.setup;
        // Before the corrections: a record that names a place counts more than data of it that the log had before.
        replay.kept().writeTo(parts.files);
        if (end.sequence() > setup.synced() || !replay.kept().isEmpty()) {
            parts.files.syncAll(parts.places.files());
        }
        List<LogRecord.Change> corrections = replay.corrections();
        for (int from = 0; from < corrections.size(); from += CORRECTED) {
            int to = Math.min(corrections.size(), from + CORRECTED);
            log.write(log.append(corrections.subList(from, to)));
        }
        // A record without changes: one that a power cut has torn out before it must not become valid again.
        log.write(log.append(List.of()));
        log.sync();
        log.takeUnsynced();
        setup.mark().accept(log.writtenSequence());
        if (end.needsBoth()) {
            // The log can only go on in a file whose changes are in the database.
            parts.map.checkpointFirst();
        }
    }
}
