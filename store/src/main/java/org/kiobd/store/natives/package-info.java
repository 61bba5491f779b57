/**
 * Native libraries that come in jars: {@link org.kiobd.store.natives.NativeFolder} keeps them unpacked in one place.
 *
 * <p>Threads: any. Not here: what the libraries do.
 */
@NullMarked
package org.kiobd.store.natives;

import org.jspecify.annotations.NullMarked;
