package org.kiobd.attach;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.kiobd.nbd.client.ExportInfo;

/** A kiobd volume is the same wherever it is served and whatever its name; another export is known by its name. */
final class IdentityTest {
    private static final String UUID = "6f1c0f4e-0a5b-4a3c-9d2e-1f2a3b4c5d6e";

    private static Identity of(String name, String description) {
        return Identity.of(new ExportInfo(name, description, 1 << 20, 0, ExportInfo.BlockSizes.DEFAULT));
    }

    @Test
    void aVolumeIsItsUuid() {
        Identity identity = of("old", "kiobd volume " + UUID + ", 1G over 4 members");
        assertThat(identity.text()).isEqualTo("kiobd:" + UUID);
        assertThat(of("new", "kiobd volume " + UUID + ", 2G over 4 members")).isEqualTo(identity);
    }

    @Test
    void aSnapshotIsNotItsVolume() {
        assertThat(of("v@monday", "kiobd volume " + UUID + "@monday, 1G over 4 members")
                        .text())
                .isEqualTo("kiobd:" + UUID + "@monday");
    }

    @Test
    void anotherExportIsItsName() {
        assertThat(of("disk", "").text()).isEqualTo("nbd:disk");
        assertThat(of("disk", "kiobd volume, 1G over 4 members").text()).isEqualTo("nbd:disk");
        assertThat(of("disk", "not a kiobd volume " + UUID + ",").text()).isEqualTo("nbd:disk");
    }
}
