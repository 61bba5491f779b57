/**
 * Native libraries that come in jars: {@link org.kiobd.volume.natives.NativeFolder} keeps them unpacked in one place.
 *
 * <p>Threads: any. Not here: what the libraries do.
 */
@NullMarked
package org.kiobd.volume.natives;

import org.jspecify.annotations.NullMarked;
