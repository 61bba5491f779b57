package org.kiobd.attach;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Attachments are read as they were written; other files are left alone. */
final class AttachmentFilesTest {
    @TempDir
    Path folder;

    private AttachmentFiles files;

    @BeforeEach
    void open() {
        files = new AttachmentFiles(folder.resolve("a/b"));
    }

    private static Attachment attachment(int index) {
        return new Attachment(
                new KernelDevice(index),
                "v",
                new Identity("kiobd:x"),
                List.of("nbd://a/v", "nbd://b/v"),
                1,
                0,
                86_400,
                index % 2 == 0);
    }

    @Test
    void anAttachmentIsReadAsItWasWritten() throws IOException {
        assertThat(files.all()).isEmpty();
        files.save(attachment(3));
        files.save(attachment(12));
        files.save(attachment(3));
        assertThat(files.all()).containsExactly(attachment(12), attachment(3));
        assertThat(files.of(new KernelDevice(3))).isEqualTo(attachment(3));
        files.remove(new KernelDevice(3));
        files.remove(new KernelDevice(3));
        assertThat(files.of(new KernelDevice(3))).isNull();
        assertThat(files.all()).containsExactly(attachment(12));
    }

    /** udev reads the file line by line, and the name comes from a server. */
    @Test
    void aNameOfOtherCharactersGetsNoLinks() throws IOException {
        files.save(attachment(3));
        assertThat(files.folder().resolve("nbd3.env")).hasContent("KIOBD_NAME=v");
        files.save(new Attachment(
                new KernelDevice(3), "v\nDEVNAME=sda", new Identity("nbd:v"), List.of("nbd://a/v"), 1, 0, 1, false));
        assertThat(files.folder().resolve("nbd3.env")).hasContent("KIOBD_NAME=");
    }

    @Test
    void whatIsNoAttachmentIsLeftAlone() throws IOException {
        files.save(attachment(1));
        List<String> others = List.of("nbd2.json", "nbd4.json", "nbd5.json", "notes.txt");
        Files.writeString(files.folder().resolve("nbd2.json"), "{");
        Files.writeString(files.folder().resolve("nbd4.json"), "{\"device\":4,\"uris\":[]}");
        Files.writeString(files.folder().resolve("nbd5.json"), "[1]");
        Files.writeString(files.folder().resolve("notes.txt"), "mine");
        assertThat(files.all()).containsExactly(attachment(1));
        for (String other : others) {
            assertThat(files.folder().resolve(other)).exists();
        }
    }
}
