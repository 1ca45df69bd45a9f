// What the tests here import of the runner that they run under: runners.test.mjs writes it for each.

export declare function test(name: string, work: () => Promise<void>): void
export declare function beforeEach(work: () => Promise<void>): void
export declare function afterEach(work: () => Promise<void>): void
export declare const expect: any
export declare const runner: any
/** Loads the package again. */
export declare function load(): Promise<typeof import('session-ingress')>
