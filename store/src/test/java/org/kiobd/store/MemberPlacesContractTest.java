package org.kiobd.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** What every store must do for members to be made aside, named and removed. */
final class MemberPlacesContractTest {
    private static final long SIZE_BYTES = 1 << 20;

    @TempDir
    private Path folder;

    private final MemberStores stores = MemberStores.load();

    private MemberUri uri(String scheme, String name) {
        return new MemberUri(scheme, folder.resolve(name).toString());
    }

    private MemberUri make(String scheme, String name, int mark) throws BlockIoException {
        MemberUri uri = uri(scheme, name);
        try (MemberStore store = stores.forUri(uri).create(uri, SIZE_BYTES)) {
            byte[] superblock = new byte[MemberStore.SUPERBLOCK_BYTES];
            superblock[0] = (byte) mark;
            store.writeSuperblock(0, superblock);
        }
        return uri;
    }

    private void assertMarked(MemberUri uri, int mark) throws BlockIoException {
        try (MemberStore store = stores.forUri(uri).open(uri, true)) {
            assertThat(store.readSuperblock(0)).startsWith((byte) mark);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "rocksdb", "memory"})
    void aMemberGetsAnotherPlaceAndIsTheSame(String scheme) throws BlockIoException {
        MemberUri from = make(scheme, "from", 5);
        MemberUri to = uri(scheme, "to");
        MemberStoreProvider provider = stores.forUri(from);
        assertThat(provider.isTaken(to)).isFalse();
        provider.rename(from, to);
        assertThat(provider.isTaken(from)).isFalse();
        assertThat(provider.isTaken(to)).isTrue();
        assertMarked(to, 5);
        provider.delete(to);
        assertThat(provider.isTaken(to)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "rocksdb", "memory"})
    void whatIsAtAPlaceIsNeverReplaced(String scheme) throws BlockIoException {
        MemberUri from = make(scheme, "from", 6);
        MemberUri to = make(scheme, "to", 7);
        assertThatThrownBy(() -> stores.forUri(from).rename(from, to))
                .isInstanceOf(BlockIoException.class)
                .hasMessageContaining("exists already");
        assertMarked(from, 6);
        assertMarked(to, 7);
        stores.forUri(from).delete(from);
        stores.forUri(to).delete(to);
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "rocksdb"})
    void alsoIfItIsNoMember(String scheme) throws IOException {
        MemberUri from = make(scheme, "from", 8);
        Path foreign = Files.createDirectory(folder.resolve("folder"));
        Path file = Files.writeString(folder.resolve("file"), "precious");
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("nowhere"));
        for (Path place : new Path[] {foreign, file, link}) {
            MemberUri to = new MemberUri(scheme, place.toString());
            assertThat(stores.forUri(to).isTaken(to)).isTrue();
            assertThatThrownBy(() -> stores.forUri(from).rename(from, to)).isInstanceOf(BlockIoException.class);
        }
        assertThat(foreign).isEmptyDirectory();
        assertThat(file).hasContent("precious");
        assertThat(link).isSymbolicLink();
        assertMarked(from, 8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "rocksdb", "memory"})
    void aMemberInUseIsToldFromOneThatIsNot(String scheme) throws BlockIoException {
        MemberUri uri = make(scheme, "used", 9);
        stores.forUri(uri).requireUnused(uri);
        try (MemberStore reader = stores.forUri(uri).open(uri, true)) {
            assertThatThrownBy(() -> stores.forUri(uri).requireUnused(uri))
                    .isInstanceOfSatisfying(
                            BlockIoException.class, e -> assertThat(e.error()).isEqualTo(IoError.NOT_PERMITTED));
        }
        stores.forUri(uri).requireUnused(uri);
        stores.forUri(uri).delete(uri);
        stores.forUri(uri).requireUnused(uri);
    }

    @ParameterizedTest
    @ValueSource(strings = {"file:/srv/a.img", "rocksdb:/srv/a", "rocksdb:/srv/a?block=8K&profile=compact", "memory:a"})
    void temporaryPlacesAreBesideTheirOwn(String text) {
        UUID id = UUID.randomUUID();
        MemberUri temporary = MemberUri.parse(text).temporary(id, 3);
        assertThat(temporary.scheme()).isEqualTo(MemberUri.parse(text).scheme());
        assertThat(temporary.location())
                .isEqualTo(MemberUri.parse(text)
                        .location()
                        .replaceFirst("a(?=\\?|$|\\.img)(\\.img)?", ".kiobd-" + id + "-3"));
    }
}
