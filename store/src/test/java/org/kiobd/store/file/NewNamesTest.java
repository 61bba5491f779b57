package org.kiobd.store.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file gets a new name only if nothing has it. */
final class NewNamesTest {
    @TempDir
    private Path folder;

    /** A way to rename a file. */
    @FunctionalInterface
    private interface Rename {
        void run(Path from, Path to) throws IOException;
    }

    private static void renameIfFree(Path from, Path to) throws IOException {
        assertThat(NewNames.renameIfFree(from, to))
                .as("renameat2(2) works here")
                .isTrue();
    }

    @Test
    void aFreeNameIsGivenByALink() throws IOException {
        assertGivesAFreeName(NewNames::give);
    }

    @Test
    void aFreeNameIsGivenByOneRename() throws IOException {
        assertGivesAFreeName(NewNamesTest::renameIfFree);
    }

    private void assertGivesAFreeName(Rename rename) throws IOException {
        Path from = Files.writeString(folder.resolve("from"), "mine");
        rename.run(from, folder.resolve("to"));
        assertThat(folder.resolve("to")).hasContent("mine");
        assertThat(from).doesNotExist();
    }

    @Test
    void aTakenNameIsRefusedByALink() throws IOException {
        assertRefusesATakenName(NewNames::give);
    }

    @Test
    void aTakenNameIsRefusedByOneRename() throws IOException {
        assertRefusesATakenName(NewNamesTest::renameIfFree);
    }

    private void assertRefusesATakenName(Rename rename) throws IOException {
        Path from = Files.writeString(folder.resolve("from"), "mine");
        Path taken = Files.writeString(folder.resolve("taken"), "somebody's");
        Path empty = Files.createDirectory(folder.resolve("empty"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("nowhere"));
        for (Path to : new Path[] {taken, empty, link}) {
            assertThatThrownBy(() -> rename.run(from, to)).as("%s", to).isInstanceOf(FileAlreadyExistsException.class);
        }
        assertThat(from).hasContent("mine");
        assertThat(taken).hasContent("somebody's");
        assertThat(empty).isEmptyDirectory();
        assertThat(link).isSymbolicLink();
    }

    @Test
    void whatIsMissingIsAnError() {
        assertThatThrownBy(() -> NewNames.renameIfFree(folder.resolve("none"), folder.resolve("to")))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining("does not exist");
    }
}
