/** Tests of the package of the same name. */
@NullMarked
package org.kiobd.store.file;

import org.jspecify.annotations.NullMarked;
