package org.kiobd.manage.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AtomicFilesTest {
    @TempDir
    private Path folder;

    @Test
    void aFileIsReplacedAndNothingBesideItIsTouched() throws IOException {
        Path file = Files.writeString(folder.resolve("manifest.json"), "old");
        Path beside = Files.writeString(folder.resolve("manifest.json.new"), "somebody's");
        AtomicFiles.write(file, "new");
        assertThat(file).hasContent("new");
        assertThat(beside).hasContent("somebody's");
        assertThat(folder)
                .isDirectoryNotContaining("glob:**.*.new.*")
                .satisfies(f -> assertThat(names()).hasSize(2));
    }

    private List<String> names() throws IOException {
        try (var entries = Files.list(folder)) {
            return entries.map(entry -> String.valueOf(entry.getFileName()))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void aFailureLeavesTheOldFileAndNothingElse() throws IOException {
        Path inTheWay = Files.createDirectory(folder.resolve("manifest.json"));
        Files.createFile(inTheWay.resolve("full"));
        assertThatThrownBy(() -> AtomicFiles.write(inTheWay, "new")).isInstanceOf(IOException.class);
        assertThat(names()).containsExactly("manifest.json");
    }

    @Test
    void onlyFilesThatWritersLeftAreSwept() throws IOException {
        String id = "0f0c7c6e-2c44-4a6e-9a57-0b1f5c1f9f10";
        for (String name : List.of(
                ".manifest.json." + id + ".new",
                ".server.json." + id + ".new",
                "manifest.json." + id + ".new",
                ".manifest.json.new",
                ".manifest.json." + id,
                ".Manifest.json." + id + ".new",
                "lock")) {
            Files.createFile(folder.resolve(name));
        }
        Files.createDirectory(folder.resolve(".change.json." + id + ".new"));
        AtomicFiles.sweep(folder);
        assertThat(names())
                .containsExactly(
                        ".Manifest.json." + id + ".new",
                        ".change.json." + id + ".new",
                        ".manifest.json." + id,
                        ".manifest.json.new",
                        "lock",
                        "manifest.json." + id + ".new");
    }
}
