/**
 * Native libraries that are shipped in jars: {@link org.kiobd.store.natives.NativeFolder} keeps them unpacked in one place.
 *
 * <p>Threads: any. Not here: the functions of the libraries.
 */
@NullMarked
package org.kiobd.store.natives;

import org.jspecify.annotations.NullMarked;
