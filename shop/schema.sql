-- The shop's tables. Money is in cents, times are UTC.
--
-- Customers, tickets and mails have random ids and orders a number from a sequence that jumps
-- ahead after a restore: no id that a customer was ever told is given to anybody else, also when
-- the newest rows were lost. Rows with a proof belong to the proof of a recovery run.

CREATE TABLE products (
    id text PRIMARY KEY,
    name text NOT NULL,
    text text NOT NULL,
    image text NOT NULL,
    price_cents integer NOT NULL CHECK (price_cents > 0),
    stock integer NOT NULL CHECK (stock >= 0),
    position integer NOT NULL
);

CREATE TABLE customers (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    password text NOT NULL,
    joined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    proof text
);

CREATE SEQUENCE order_numbers START 100001;

CREATE TABLE orders (
    number bigint PRIMARY KEY DEFAULT nextval('order_numbers'),
    customer uuid NOT NULL REFERENCES customers,
    request_key text NOT NULL,
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'paid', 'cancelled', 'refunding', 'refunded')),
    total_cents integer NOT NULL CHECK (total_cents > 0),
    currency text NOT NULL DEFAULT 'EUR',
    placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    proof text,
    UNIQUE (customer, request_key)
);
CREATE INDEX orders_unsettled ON orders (changed_at) WHERE state IN ('pending', 'refunding');

CREATE TABLE order_lines (
    order_number bigint NOT NULL REFERENCES orders,
    product text NOT NULL REFERENCES products,
    quantity integer NOT NULL CHECK (quantity > 0),
    price_cents integer NOT NULL CHECK (price_cents > 0),
    PRIMARY KEY (order_number, product)
);

-- One key per order, committed before the provider is first asked with it.
CREATE TABLE payments (
    order_number bigint PRIMARY KEY REFERENCES orders,
    key uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    capture text,
    captured_at timestamptz,
    refund text,
    refunded_at timestamptz
);

CREATE TABLE shipments (
    order_number bigint PRIMARY KEY REFERENCES orders,
    key uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    tracking text,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    proof text
);

CREATE TABLE tickets (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    customer uuid NOT NULL REFERENCES customers,
    request_key text,
    order_number bigint REFERENCES orders,
    text text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    proof text,
    UNIQUE (customer, request_key)
);

-- Mails to be sent, written in the transaction of what they tell about.
CREATE TABLE mails (
    key uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    recipient text NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    order_number bigint REFERENCES orders,
    ticket uuid REFERENCES tickets,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at timestamptz,
    proof text
);
CREATE INDEX mails_due ON mails (due_at) WHERE sent_at IS NULL;

-- Each jump of the order numbers after a restore.
CREATE TABLE number_jumps (
    run text PRIMARY KEY,
    next bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
