/**
 * Members in RocksDB: thin, checksummed, and optionally compressed. {@link org.kiobd.store.rocksdb.RocksMemberStoreProvider} makes
 * and opens them; {@code docs/FORMAT.md} describes their keys.
 *
 * <p>Threads: calls to RocksDB block, so threads of the member make them; event loops only collect and complete operations. Not here: the
 * contents of superblocks.
 */
@NullMarked
package org.kiobd.store.rocksdb;

import org.jspecify.annotations.NullMarked;
