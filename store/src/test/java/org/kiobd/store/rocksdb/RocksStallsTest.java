package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** RocksDB has the counts of stalls under the names that are looked up; a version that has others would show none. */
final class RocksStallsTest {
    @TempDir
    private Path folder;

    @Test
    void theNamesAreThoseOfRocksDb() throws Exception {
        try (RocksMemory memory = new RocksMemory();
                RocksDatabase database =
                        RocksDatabase.create(memory, folder.resolve("db"), RocksOptions.parse(""), 1 << 20)) {
            assertThat(database.db().getMapProperty(database.blocks(), RocksStalls.PROPERTY))
                    .containsKeys(RocksStalls.names().toArray(new String[0]));
        }
    }
}
