/** The client: byte by byte against malformed replies, and whole against our own server. Each test owns its channels. */
@NullMarked
package org.kiobd.nbd.client;

import org.jspecify.annotations.NullMarked;
