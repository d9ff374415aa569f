'use strict';

// A title as part of an address: lower case, words joined by dashes.
function slug(title) {
  const words = title.toLowerCase().match(/[a-z0-9]+/g);
  if (words === null) {
    return 'untitled';
  }
  return words.join('-');
}

module.exports = { slug };
