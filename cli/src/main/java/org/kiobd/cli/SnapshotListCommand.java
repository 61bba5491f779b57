package org.kiobd.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.manage.catalog.Unfinished;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd snapshot list}. */
@Command(
        name = "list",
        description = {
            "List the snapshots of a volume, or of all.",
            "USED is what a snapshot refers to, HELD what deleting it alone would free."
        },
        sortOptions = false)
final class SnapshotListCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "VOLUME", arity = "0..1")
    private @Nullable String volume;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        List<String> names = new ArrayList<>();
        MemberStores stores = MemberStores.load();
        List<List<String>> rows = new ArrayList<>();
        List<Map<String, Object>> json = new ArrayList<>();
        if (volume == null) {
            for (String each : catalog.names()) {
                try {
                    names.addAll(catalog.snapshots(each));
                    addUnfinished(catalog, each, rows, json);
                } catch (BlockIoException e) {
                    addUnread(catalog, each, e, rows, json);
                }
            }
        } else {
            if (!catalog.exists(SnapshotName.refuse(volume))) {
                catalog.load(volume);
            }
            names.addAll(catalog.snapshots(volume));
            addUnfinished(catalog, volume, rows, json);
        }
        for (String name : names) {
            try {
                add(catalog, stores, name, rows, json);
            } catch (BlockIoException e) {
                addUnread(catalog, name, e, rows, json);
            }
        }
        common.answer(
                rows.isEmpty()
                        ? "no snapshots; kiobd snapshot create VOLUME@NAME makes one"
                        : Answers.table(List.of("NAME", "CREATED", "SIZE", "USED", "HELD", "STATE"), rows),
                Map.of("snapshots", json));
        return ExitCode.OK;
    }

    private static void add(
            VolumeCatalog catalog,
            MemberStores stores,
            String name,
            List<List<String>> rows,
            List<Map<String, Object>> json)
            throws BlockIoException {
        VolumeManifest manifest = catalog.load(name);
        ServerState server = catalog.server(name);
        MemberSpace space = MemberSpace.of(stores, manifest);
        Health health = Health.of(name, server, space);
        long heldBytes = space.usedBytes() < 0 ? -1 : heldBytes(stores, manifest);
        rows.add(List.of(
                name,
                manifest.createdAt() == null ? "-" : manifest.createdAt().toString(),
                Sizes.format(manifest.sizeBytes()),
                orUnknown(space.usedBytes()),
                orUnknown(heldBytes),
                health.line()));
        Map<String, Object> entry = Answers.json(manifest);
        entry.put("usedBytes", space.usedBytes());
        entry.put("heldBytes", heldBytes);
        health.addTo(entry);
        if (server != null) {
            entry.put("state", "served");
        }
        json.add(entry);
    }

    private static void addUnfinished(
            VolumeCatalog catalog, String volume, List<List<String>> rows, List<Map<String, Object>> json)
            throws BlockIoException {
        for (String name : catalog.unfinishedSnapshots(volume)) {
            Unfinished unfinished = catalog.unfinished(name);
            if (unfinished != null) {
                Health health = Health.of(unfinished);
                rows.add(List.of(name, "-", "-", "-", "-", health.line()));
                json.add(health.addTo(new LinkedHashMap<>(Map.of("volume", name))));
            }
        }
    }

    private static void addUnread(
            VolumeCatalog catalog,
            String name,
            BlockIoException failure,
            List<List<String>> rows,
            List<Map<String, Object>> json) {
        if (!catalog.isThere(name)) {
            // Deleted since its name was read.
            return;
        }
        Health health = Health.of(name, failure);
        rows.add(List.of(name, "-", "-", "-", "-", health.line()));
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("volume", name);
        json.add(health.addTo(entry));
    }

    private static String orUnknown(long bytes) {
        return bytes < 0 ? "-" : Sizes.format(bytes);
    }

    private static long heldBytes(MemberStores stores, VolumeManifest manifest) throws BlockIoException {
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
