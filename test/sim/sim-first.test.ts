import { describeSeeds } from './seed-suite.ts'

describeSeeds('core', { first: 1, count: 80 })
