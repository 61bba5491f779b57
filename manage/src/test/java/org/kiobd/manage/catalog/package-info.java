/** Tests of the catalog. */
@NullMarked
package org.kiobd.manage.catalog;

import org.jspecify.annotations.NullMarked;
