'use strict';
const assert = require('node:assert');
const { describe, test } = require('node:test');
const { slug } = require('../src/slug.js');

describe('slug', () => {
  test('joins words with dashes', () => assert.equal(slug('Ship the Parser!'), 'ship-the-parser'));
  test('has a word for titles without any', () => assert.equal(slug('…'), 'untitled'));
});
