// What bootc-finalize-staged.service does on a real host of the composefs backend. Part of the tests.
import { finalize } from './composefs.ts';

finalize();
