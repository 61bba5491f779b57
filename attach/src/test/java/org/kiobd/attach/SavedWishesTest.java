package org.kiobd.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.attach.netlink.NbdDriver;

/** What is saved for the next boot is read as it was saved, and no name leads out of the folder. */
final class SavedWishesTest {
    @TempDir
    Path folder;

    private SavedWishes wishes;

    @BeforeEach
    void open() {
        wishes = new SavedWishes(folder.resolve("saved"));
    }

    private static Attachment.Wish wish(int index, long waitMs) {
        return new Attachment.Wish(List.of("nbd://a/v", "nbd://b/v"), index, 2, 60, 3600, true, waitMs);
    }

    @Test
    void aWishIsReadAsItWasSaved() throws IOException {
        assertThat(wishes.names()).isEmpty();
        wishes.save("v", wish(3, 0));
        wishes.save("w", wish(NbdDriver.ANY_INDEX, 0));
        assertThat(wishes.load("v", 5)).isEqualTo(wish(3, 5));
        assertThat(wishes.load("w", 5)).isEqualTo(wish(NbdDriver.ANY_INDEX, 5));
        assertThat(wishes.names()).containsExactly("v", "w");
        assertThat(wishes.remove("v")).isTrue();
        assertThat(wishes.remove("v")).isFalse();
        assertThatThrownBy(() -> wishes.load("v", 0)).hasMessageContaining("nothing is saved as v");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "../v", "a/b", ".v", "a\nb"})
    void aNameIsNoPath(String name) throws IOException {
        assertThatThrownBy(() -> wishes.save(name, wish(0, 0))).hasMessageContaining("cannot be saved");
        assertThatThrownBy(() -> wishes.remove(name)).isInstanceOf(AttachException.class);
        try (var entries = Files.list(folder)) {
            assertThat(entries).isEmpty();
        }
    }
}
