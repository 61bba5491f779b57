package org.kiobd.manage;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.manage.catalog.Unfinished;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;

/** Lists volumes and snapshots. If one cannot be checked, its entry gives the reason, and the list still contains the others. */
final class VolumeList {
    private final VolumeCatalog catalog;
    private final MemberStores stores;

    VolumeList(VolumeCatalog catalog, MemberStores stores) {
        this.catalog = catalog;
        this.stores = stores;
    }

    List<VolumeEntry> volumes() throws BlockIoException {
        List<VolumeEntry> entries = new ArrayList<>();
        for (String name : catalog.names()) {
            add(entries, name);
        }
        addUnfinished(entries, catalog.unfinishedNames());
        return entries;
    }

    /** @param volume volume of the snapshots; null for the snapshots of all volumes */
    List<VolumeEntry> snapshots(@Nullable String volume) throws BlockIoException {
        List<VolumeEntry> unfinished = new ArrayList<>();
        List<String> names = new ArrayList<>();
        if (volume != null) {
            if (!catalog.exists(volume)) {
                // Throws with the reason.
                catalog.load(volume);
            }
            names.addAll(catalog.snapshots(volume));
            addUnfinished(unfinished, catalog.unfinishedSnapshots(volume));
        } else {
            for (String each : catalog.names()) {
                try {
                    names.addAll(catalog.snapshots(each));
                    addUnfinished(unfinished, catalog.unfinishedSnapshots(each));
                } catch (BlockIoException e) {
                    addUnread(unfinished, each, e);
                }
            }
        }
        List<VolumeEntry> entries = new ArrayList<>(unfinished);
        for (String name : names) {
            addSnapshot(entries, name);
        }
        return entries;
    }

    private void add(List<VolumeEntry> entries, String name) {
        try {
            VolumeManifest manifest = catalog.load(name);
            MemberSpace space = MemberSpace.of(stores, manifest);
            Unfinished unfinished = catalog.unfinished(name);
            ServerState server = catalog.server(name);
            Health health = unfinished == null ? Health.of(name, server, space) : Health.of(unfinished);
            entries.add(new VolumeEntry(name, manifest, space.usedBytes(), -1, server, health));
        } catch (BlockIoException e) {
            addUnread(entries, name, e);
        }
    }

    private void addSnapshot(List<VolumeEntry> entries, String name) {
        try {
            VolumeManifest manifest = catalog.load(name);
            ServerState server = catalog.server(name);
            MemberSpace space = MemberSpace.of(stores, manifest);
            long heldBytes = space.usedBytes() < 0 ? -1 : heldBytes(manifest);
            entries.add(new VolumeEntry(
                    name, manifest, space.usedBytes(), heldBytes, server, Health.of(name, server, space)));
        } catch (BlockIoException e) {
            addUnread(entries, name, e);
        }
    }

    private void addUnfinished(List<VolumeEntry> entries, List<String> names) {
        for (String name : names) {
            try {
                Unfinished unfinished = catalog.unfinished(name);
                if (unfinished != null) {
                    entries.add(VolumeEntry.unread(name, Health.of(unfinished)));
                }
            } catch (BlockIoException e) {
                entries.add(VolumeEntry.unread(name, Health.of(name, e)));
            }
        }
    }

    /** Adds an entry with the failure, unless the volume was deleted after its name was read. */
    private void addUnread(List<VolumeEntry> entries, String name, BlockIoException failure) {
        if (catalog.isThere(name)) {
            entries.add(VolumeEntry.unread(name, Health.of(name, failure)));
        }
    }

    private long heldBytes(VolumeManifest manifest) throws BlockIoException {
        long sum = 0;
        for (MemberUri uri : manifest.members()) {
            long bytes = stores.forUri(uri).exclusiveBytes(uri);
            if (bytes < 0) {
                return -1;
            }
            sum += bytes;
        }
        return sum;
    }
}
