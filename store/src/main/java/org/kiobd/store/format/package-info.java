/**
 * The on-disk metadata: {@link org.kiobd.store.format.Superblock} in every member, {@link org.kiobd.store.format.VolumeManifest} in the
 * catalog.
 *
 * <p>Threads: everything is immutable. Not here: the code that reads and writes it (stores, catalog, {@code ArrayAssembler} in room raid).
 */
@NullMarked
package org.kiobd.store.format;

import org.jspecify.annotations.NullMarked;
