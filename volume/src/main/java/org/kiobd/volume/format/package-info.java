/**
 * What is on disk: {@link org.kiobd.volume.format.Superblock} in every member, {@link org.kiobd.volume.format.VolumeManifest} in the
 * catalog.
 *
 * <p>Threads: everything is immutable. Not here: who reads and writes it (stores, catalog, {@code ArrayAssembler} in room raid).
 */
@NullMarked
package org.kiobd.volume.format;

import org.jspecify.annotations.NullMarked;
