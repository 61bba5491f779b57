/** Tests of where native libraries are kept. */
@NullMarked
package org.kiobd.store.natives;

import org.jspecify.annotations.NullMarked;
