/**
 * Members in RocksDB: thin, compressed if asked, checksummed. {@link org.kiobd.store.rocksdb.RocksMemberStoreProvider} makes
 * and opens them; {@code docs/FORMAT.md} has their keys.
 *
 * <p>Threads: RocksDB's calls block, so they are made on threads of the member's own; loops only collect and complete. Not here: the
 * superblock's meaning.
 */
@NullMarked
package org.kiobd.store.rocksdb;

import org.jspecify.annotations.NullMarked;
