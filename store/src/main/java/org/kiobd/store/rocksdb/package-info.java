/**
 * Members in RocksDB: thin, checksummed, and optionally compressed. {@link org.kiobd.store.rocksdb.RocksMemberStoreProvider} makes
 * and opens them; {@code docs/FORMAT.md} describes their keys. An open member is a {@link org.kiobd.store.rocksdb.RocksMember}: it joins a
 * {@link org.kiobd.store.rocksdb.RocksDatabase} (settings, writes, syncs, upkeep), the blocks in it (reads, writes, extents), and the handling
 * of a full disk (reserve, space, reclaim). The provider owns the cache and the write buffers of all its members.
 *
 * <p>Threads: calls to RocksDB block, so threads of the member make them; event loops only collect and complete operations. Not here: the
 * contents of superblocks.
 */
@NullMarked
package org.kiobd.store.rocksdb;

import org.jspecify.annotations.NullMarked;
