// What is known of the list: exchanges by id, oldest first, each as the API lists it.

const most = 100_000; // more are forgotten, oldest first, and read again when somebody scrolls to them

export class Rows {
  #byID = new Map();
  #list = []; // by seq
  older = null; // the cursor of the page before the oldest, null: there is none

  get length() { return this.#list.length; }

  // at is the i-th as shown: 0 is the newest.
  at(i) { return this.#list[this.#list.length - 1 - i]; }

  get(id) { return this.#byID.get(id); }

  // find is the place of an exchange as shown, -1 when it is not there.
  find(id) {
    const x = this.#byID.get(id);
    return x ? this.#list.length - 1 - this.#search(BigInt(x.seq)) : -1;
  }

  // put enters an exchange or a later state of one, and returns its place when it is new, -1 when it was known.
  put(x) {
    const seq = BigInt(x.seq);
    const known = this.#byID.has(x.id);
    this.#byID.set(x.id, x);
    const i = this.#search(seq);
    if (known) {
      this.#list[i] = x;
      return -1;
    }
    this.#list.splice(i, 0, x);
    const place = this.#list.length - 1 - i;
    while (this.#list.length > most) this.#forgetOldest();
    return place;
  }

  // remove forgets one and returns the place it had, -1 when it was not there.
  remove(id) {
    const place = this.find(id);
    if (place >= 0) {
      this.#list.splice(this.#list.length - 1 - place, 1);
      this.#byID.delete(id);
    }
    return place;
  }

  // page enters what stands before the oldest, newest first.
  page(list, next) {
    const fresh = list.filter(x => !this.#byID.has(x.id)).reverse();
    for (const x of fresh) this.#byID.set(x.id, x);
    this.#list = fresh.concat(this.#list);
    this.older = next;
  }

  clear() {
    this.#byID.clear();
    this.#list = [];
    this.older = null;
  }

  #forgetOldest() {
    const [x] = this.#list.splice(0, 1);
    this.#byID.delete(x.id);
    this.older = this.#list[0].seq;
  }

  #search(seq) {
    let low = 0, high = this.#list.length;
    if (high > 0 && BigInt(this.#list[high - 1].seq) < seq) return high; // mostly
    while (low < high) {
      const middle = (low + high) >> 1;
      BigInt(this.#list[middle].seq) < seq ? low = middle + 1 : high = middle;
    }
    return low;
  }
}
