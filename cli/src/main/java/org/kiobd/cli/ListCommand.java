package org.kiobd.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.kiobd.manage.catalog.Unfinished;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.store.MemberStores;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code kiobd list}: every volume of the home, a line each. */
@Command(name = "list", description = "List volumes.", sortOptions = false)
final class ListCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        MemberStores stores = MemberStores.load();
        List<List<String>> rows = new ArrayList<>();
        List<Map<String, Object>> json = new ArrayList<>();
        for (String name : catalog.names()) {
            try {
                VolumeManifest manifest = catalog.load(name);
                MemberSpace space = MemberSpace.of(stores, manifest);
                Unfinished unfinished = catalog.unfinished(name);
                Health health =
                        unfinished == null ? Health.of(name, catalog.server(name), space) : Health.of(unfinished);
                rows.add(List.of(
                        name,
                        Sizes.format(manifest.sizeBytes()),
                        space.usedBytes() < 0 ? "-" : Sizes.format(space.usedBytes()),
                        String.valueOf(manifest.members().size()),
                        Sizes.format(manifest.chunkBytes()),
                        health.line()));
                Map<String, Object> entry = Answers.json(manifest);
                entry.put("usedBytes", space.usedBytes());
                json.add(health.addTo(entry));
            } catch (BlockIoException e) {
                if (!catalog.isThere(name)) {
                    // Deleted since its name was read.
                    continue;
                }
                Health health = Health.of(name, e);
                rows.add(List.of(name, "-", "-", "-", "-", health.line()));
                Map<String, Object> entry = new LinkedHashMap<>();
                entry.put("volume", name);
                json.add(health.addTo(entry));
            }
        }
        for (String name : catalog.unfinishedNames()) {
            Unfinished unfinished = catalog.unfinished(name);
            if (unfinished != null) {
                Health health = Health.of(unfinished);
                rows.add(List.of(name, "-", "-", "-", "-", health.line()));
                json.add(health.addTo(new LinkedHashMap<>(Map.of("volume", name))));
            }
        }
        common.answer(
                rows.isEmpty()
                        ? "no volumes in " + common.home() + "; kiobd create NAME --size SIZE makes one"
                        : Answers.table(List.of("NAME", "SIZE", "USED", "MEMBERS", "CHUNK", "STATE"), rows),
                Map.of("volumes", json));
        return ExitCode.OK;
    }
}
