/**
 * Members whose blocks are in data files of their own and whose map is in RocksDB: each byte is written to the disk once. Main types: {@code
 * DataFiles}, {@code FreePlaces}, {@code MapLog}, {@code BlockMap}. Threads: as each class says. What a member is does not belong here.
 */
@NullMarked
package org.kiobd.store.rocksdb.data;

import org.jspecify.annotations.NullMarked;
