package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.store.MemberCopy;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.store.StoreFigures;
import org.kiobd.volume.BlockIoException;

/** Whatever is done with members, when they are closed no native handle is left, and none is closed twice. */
final class NativeHandlesTest {
    private static final long SIZE_BYTES = 1 << 20;
    private static final RocksMemberStoreProvider PROVIDER = new RocksMemberStoreProvider();

    @TempDir
    private Path folder;

    private long before;

    @BeforeEach
    void count() {
        before = NativeHandles.open();
    }

    @AfterEach
    void noneIsLeft() {
        assertThat(NativeHandles.open()).isEqualTo(before);
    }

    private MemberUri uri(String name) {
        return MemberUri.parse("rocksdb:" + folder.resolve(name));
    }

    @Test
    void membersThatAreMadeOpenedAndCopied() throws Exception {
        try (MemberStore made = PROVIDER.create(uri("a"), SIZE_BYTES)) {
            assertThat(NativeHandles.open()).as("an open member has some").isGreaterThan(before);
            try (MemberCopy copy = made.copyTo(uri("b"))) {
                copy.fix();
                copy.complete();
            }
            made.copyTo(uri("c")).close();
        }
        for (boolean readOnly : List.of(true, false)) {
            try (MemberStore copy = PROVIDER.open(uri("b"), readOnly)) {
                assertThat(copy.sizeBytes()).isEqualTo(SIZE_BYTES);
                copy.close();
            }
        }
    }

    @Test
    void membersThatCannotBeOpened() throws Exception {
        PROVIDER.create(uri("a"), SIZE_BYTES).close();
        try (MemberStore open = PROVIDER.open(uri("a"), false)) {
            long one = NativeHandles.open();
            assertThatThrownBy(() -> PROVIDER.open(uri("a"), false)).isInstanceOf(BlockIoException.class);
            assertThatThrownBy(() -> PROVIDER.create(uri("a"), SIZE_BYTES)).isInstanceOf(BlockIoException.class);
            assertThat(NativeHandles.open()).isEqualTo(one);
            StoreFigures.Database figures = (StoreFigures.Database) open.figures();
            assertThat(figures.stalls()).isEqualTo(new StoreFigures.WriteStalls(0, 0, Map.of(), null));
            assertThat(figures.damagedReads()).isZero();
            assertThat(figures.memoryBytes()).isPositive();
        }
        Files.delete(folder.resolve("a/db/CURRENT"));
        Files.writeString(folder.resolve("a/db/CURRENT"), "nothing of the kind\n");
        assertThatThrownBy(() -> PROVIDER.open(uri("a"), false)).isInstanceOf(BlockIoException.class);
    }

    @Test
    void membersThatAreOpenLongerThanTheirProvider() throws Exception {
        RocksMemberStoreProvider provider = new RocksMemberStoreProvider();
        MemberStore open = provider.create(uri("a"), SIZE_BYTES);
        provider.close();
        provider.close();
        assertThat(open.figures())
                .isInstanceOfSatisfying(
                        StoreFigures.Database.class,
                        figures -> assertThat(figures.memoryBytes()).isPositive());
        assertThatThrownBy(() -> provider.create(uri("b"), SIZE_BYTES)).isInstanceOf(IllegalStateException.class);
        assertThat(folder.resolve("b")).doesNotExist();
        open.close();
        assertThatThrownBy(() -> provider.open(uri("a"), true)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void theMembersOfOneProviderShareACache() throws Exception {
        RocksMemory memory = new RocksMemory();
        try (RocksMemory.Share one = memory.share();
                RocksMemory.Share other = memory.share();
                RocksMemory.Share elsewhere = new RocksMemory().share()) {
            assertThat(one.cache()).isSameAs(other.cache()).isNotSameAs(elsewhere.cache());
        }
    }

    @Test
    void eachIsClosedOnceInTheOrderOppositeToItsMaking() {
        List<String> closed = new ArrayList<>();
        NativeHandles handles = new NativeHandles();
        handles.own(() -> closed.add("first"));
        handles.own(() -> closed.add("second"));
        handles.close();
        handles.close();
        assertThat(closed).containsExactly("second", "first");
    }
}
