package org.kiobd.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MemberCapabilitiesTest {
    @Test
    void aMemberHasWhatWasNamedAndNothingElse() {
        MemberCapabilities some = MemberCapabilities.of(MemberCapability.TRIM, MemberCapability.EXTENTS);
        for (MemberCapability capability : MemberCapability.values()) {
            assertThat(some.has(capability))
                    .isEqualTo(capability == MemberCapability.TRIM || capability == MemberCapability.EXTENTS);
        }
        assertThat(some.blockBytes()).isEqualTo(1);
        assertThat(some.memoryAlignmentBytes()).isEqualTo(1);
        assertThat(MemberCapabilities.of().all()).isEmpty();
    }

    @Test
    void eachChangeLeavesTheRestAsItWas() {
        MemberCapabilities changed = MemberCapabilities.of(MemberCapability.TRIM, MemberCapability.EXTENTS)
                .withBlockBytes(4096)
                .withMemoryAlignmentBytes(512)
                .without(MemberCapability.TRIM)
                .without(MemberCapability.RESIZE);
        assertThat(changed).isEqualTo(new MemberCapabilities(4096, 512, Set.of(MemberCapability.EXTENTS)));
    }

    @Test
    void nobodyChangesTheSetAfterwards() {
        Set<MemberCapability> given = EnumSet.of(MemberCapability.TRIM);
        MemberCapabilities capabilities = new MemberCapabilities(1, 1, given);
        given.add(MemberCapability.SNAPSHOT);
        assertThat(capabilities.has(MemberCapability.SNAPSHOT)).isFalse();
        assertThatThrownBy(() -> capabilities.all().add(MemberCapability.SNAPSHOT))
                .isInstanceOf(UnsupportedOperationException.class);
    }
}
