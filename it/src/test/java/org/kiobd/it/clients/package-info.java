/**
 * Other people's NBD clients, and a raw one of our own, against the real {@code kiobd} process.
 *
 * <p>Threads: each test owns its server. Not here: the kernel's client ({@code vm}).
 */
@NullMarked
package org.kiobd.it.clients;

import org.jspecify.annotations.NullMarked;
