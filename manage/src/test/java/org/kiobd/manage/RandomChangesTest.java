package org.kiobd.manage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.testkit.Seeded;

/** A random sequence of changes does to the home what it does to a map of names and contents. */
@Timeout(300)
final class RandomChangesTest {
    private static final int STEPS = 40;
    private static final int UNIT_BYTES = 128 << 10;
    private static final List<String> NAMES = List.of("a", "b", "c");
    private static final List<String> SNAPSHOTS = List.of("one", "two");
    private static final List<String> STORES =
            List.of("file", "file,file", "rocksdb", "rocksdb,rocksdb", "file,memory");

    @TempDir
    private Path folder;

    private TestHome home = new TestHome(Path.of(""));
    private Random random = new Random(0);
    private final TreeMap<String, byte[]> model = new TreeMap<>();
    private final List<String> story = new ArrayList<>();

    /** A change of the home. */
    @FunctionalInterface
    private interface Change {
        void run() throws IOException;
    }

    @Seeded(rounds = 3)
    void theHomeDoesWhatTheModelDoes(Random seeded) throws IOException {
        random = seeded;
        home = new TestHome(Files.createDirectory(folder.resolve("home")));
        for (int step = 0; step < STEPS; step++) {
            try {
                step();
                assertSame(step % 5 == 0);
            } catch (AssertionError | RuntimeException | IOException e) {
                throw new AssertionError("after " + story + ": " + e.getMessage(), e);
            }
        }
        for (String name : NAMES) {
            if (model.containsKey(name)) {
                home.volumes().delete(name, true, Consent.GIVEN);
            }
        }
        home.assertTidy();
        assertThat(home.path().resolve("volumes")).isEmptyDirectory();
    }

    private String pick(List<String> from) {
        return from.get(random.nextInt(from.size()));
    }

    private void step() throws IOException {
        String name = pick(NAMES);
        String other = pick(NAMES);
        String snapshot = name + "@" + pick(SNAPSHOTS);
        int units = 1 + random.nextInt(4);
        switch (random.nextInt(11)) {
            case 0, 1 -> create(name, units);
            case 2 -> fill(name);
            case 3 ->
                change(
                        "resize " + name + " " + units,
                        model.containsKey(name) && units * UNIT_BYTES > model.get(name).length,
                        () -> home.volumes().resize(name, (long) units * UNIT_BYTES),
                        () -> model.put(name, Arrays.copyOf(model.get(name), units * UNIT_BYTES)));
            case 4 ->
                change(
                        "rename " + name + " " + other,
                        model.containsKey(name) && !model.containsKey(other),
                        () -> home.volumes().rename(name, other),
                        () -> renameInModel(name, other));
            case 5 ->
                change(
                        "delete " + name,
                        model.containsKey(name),
                        () -> home.volumes().delete(name, true, Consent.GIVEN),
                        () -> model.keySet().removeIf(each -> each.equals(name) || each.startsWith(name + "@")));
            case 6 -> snapshot(name, snapshot);
            case 7 ->
                change(
                        "delete " + snapshot,
                        model.containsKey(snapshot),
                        () -> home.volumes().deleteSnapshot(snapshot),
                        () -> model.remove(snapshot));
            case 8 ->
                change(
                        "rollback " + snapshot,
                        model.containsKey(snapshot),
                        () -> home.volumes().rollback(snapshot, Consent.GIVEN),
                        () -> model.put(name, model.get(snapshot)));
            case 9 ->
                change(
                        "clone " + snapshot + " " + other,
                        model.containsKey(snapshot) && !model.containsKey(other),
                        () -> home.volumes().cloneSnapshot(snapshot, other),
                        () -> model.put(other, model.get(snapshot)));
            default -> copyOrAssemble(name, other);
        }
    }

    /** Makes a change that works if {@code isAllowed}, and is refused otherwise. */
    private void change(String what, boolean isAllowed, Change change, Runnable inModel) throws IOException {
        story.add(what + (isAllowed ? "" : " (refused)"));
        BlockIoException refusal = null;
        try {
            change.run();
        } catch (BlockIoException e) {
            refusal = e;
        }
        if (isAllowed) {
            assertThat(refusal).as(what).isNull();
            inModel.run();
        } else {
            assertThat(refusal).as(what).isNotNull();
            assertThat(refusal.getMessage())
                    .as(what)
                    .matches(".*(volume|snapshot)=.*")
                    .doesNotContain("\n");
        }
    }

    private void create(String name, int units) throws IOException {
        String stores = pick(STORES);
        change(
                "create " + name + " " + units + " on " + stores,
                !model.containsKey(name),
                () -> home.create(name, (long) units * UNIT_BYTES, stores),
                () -> model.put(name, new byte[units * UNIT_BYTES]));
    }

    private void fill(String name) throws IOException {
        byte[] content = new byte[model.containsKey(name) ? model.get(name).length : UNIT_BYTES];
        random.nextBytes(content);
        Arrays.fill(content, content.length / 4, content.length / 2, (byte) 0);
        change("fill " + name, model.containsKey(name), () -> home.fill(name, content), () -> model.put(name, content));
    }

    /** File members support snapshots on some file systems only. */
    private void snapshot(String name, String snapshot) throws IOException {
        boolean isFree = model.containsKey(name) && !model.containsKey(snapshot);
        if (isFree && !isOnDatabases(name)) {
            story.add("snapshot " + snapshot + " of files");
            try {
                home.volumes().createSnapshot(snapshot);
                model.put(snapshot, model.get(name));
            } catch (BlockIoException e) {
                assertThat(e).hasMessageContaining("nothing was made");
            }
            return;
        }
        change(
                "snapshot " + snapshot,
                isFree,
                () -> home.volumes().createSnapshot(snapshot),
                () -> model.put(snapshot, model.get(name)));
    }

    private boolean isOnDatabases(String name) throws BlockIoException {
        return home.catalog().load(name).members().stream()
                .allMatch(uri -> uri.scheme().equals("rocksdb"));
    }

    private void copyOrAssemble(String name, String other) throws IOException {
        if (random.nextBoolean() || !model.containsKey(name)) {
            String stores = pick(STORES);
            change(
                    "copy " + name + " " + other + " on " + stores,
                    model.containsKey(name) && !model.containsKey(other),
                    () -> home.copy(name, other, stores),
                    () -> model.put(other, model.get(name)));
            return;
        }
        List<MemberUri> members = new ArrayList<>(home.catalog().load(name).members());
        Collections.shuffle(members, random);
        Files.delete(home.folder(name).resolve("manifest.json"));
        change("assemble " + name, true, () -> home.volumes().assemble(members), () -> {});
    }

    private void renameInModel(String name, String other) {
        Map<String, byte[]> moved = new TreeMap<>();
        model.forEach((each, content) -> {
            if (each.equals(name) || each.startsWith(name + "@")) {
                moved.put(other + each.substring(name.length()), content);
            }
        });
        model.keySet().removeIf(each -> each.equals(name) || each.startsWith(name + "@"));
        model.putAll(moved);
    }

    private void assertSame(boolean contentsToo) throws IOException {
        List<VolumeEntry> entries = new ArrayList<>(home.volumes().list());
        entries.addAll(home.volumes().listSnapshots(null));
        assertThat(entries).extracting(VolumeEntry::name).containsExactlyInAnyOrderElementsOf(model.keySet());
        assertThat(entries)
                .allSatisfy(entry -> assertThat(entry.health().state()).isEqualTo(VolumeState.IDLE));
        for (VolumeEntry entry : entries) {
            byte[] expected = Objects.requireNonNull(model.get(entry.name()));
            assertThat(Objects.requireNonNull(entry.manifest()).sizeBytes()).isEqualTo(expected.length);
            if (contentsToo) {
                assertThat(Arrays.equals(home.content(entry.name()), expected))
                        .as("content of %s", entry.name())
                        .isTrue();
                home.assertWell(entry.name());
            }
        }
        home.assertTidy();
    }
}
